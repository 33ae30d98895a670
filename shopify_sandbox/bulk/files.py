"""The host that result files are downloaded from: another address than the shop's, and no API on it.

Belongs here: HTTP of result files, ranges and refusals. Which file an address names is in ``results.py``.
"""

import re
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from shopify_sandbox.bulk.results import BUCKET, CONTENT_TYPE, FOLDER, Results, StorageRefused

#: The path of a result file on the storage host.
ROUTE = f"/{BUCKET}/{FOLDER}/{{name}}"
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def download(results: Results, request: Request) -> Response:
    """Answer a request for a result file, whole or one range of it; refusals are XML, as the storage words them."""
    try:
        path = results.file(request.path_params["name"], request.query_params)
        _check_range(path, request.headers.get("range"))
    except StorageRefused as refused:
        return Response(refused.body, refused.status, refused.headers, media_type="application/xml")
    headers = {"Content-Disposition": request.query_params.get("response-content-disposition", "attachment")}
    return FileResponse(path, media_type=CONTENT_TYPE, headers=headers)


def _check_range(path: Path, asked: str | None) -> None:
    found = _RANGE.fullmatch(asked or "")
    size = path.stat().st_size
    if found and found[1] and int(found[1]) >= size:
        headers = {"Content-Range": f"bytes */{size}"}
        raise StorageRefused(416, "InvalidRange", "The requested range cannot be satisfied.", asked, headers)
