"""HTTP of the REST Admin API: query parameters in, Link header and call limit out.

Belongs here: the joint between a request and ``records.py``, which knows nothing of HTTP.
"""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from shopify_sandbox.rest.records import Rest

RETRY_AFTER_SECONDS = "2.0"


def rest_response(rest: Rest, request: Request, granted: frozenset[str]) -> Response:
    """Answer one GET; the address says which resource, or the scopes of the token when it names none."""
    resource = request.path_params.get("resource")
    answer = rest.answer(resource, request.query_params, granted) if resource else rest.scopes(granted)
    headers = {"X-Shopify-Shop-Api-Call-Limit": answer.calls}
    if answer.next_page:
        following = request.url.replace(query=urlencode(answer.next_page))
        headers["Link"] = f'<{following}>; rel="next"'
    if answer.status == 429:
        headers["Retry-After"] = RETRY_AFTER_SECONDS
    return Response(answer.body, answer.status, headers, "application/json")
