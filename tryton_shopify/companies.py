"""Which of the database's companies a call is for: the one the shop belongs to, when the user may work for it.

Not here: what is in a company's books (``books.py``) and who may call at all (``external.py``).
"""

from trytond.i18n import gettext
from trytond.model.exceptions import AccessError
from trytond.pool import Pool


def home_of(user, shop):
    """Return the company a shop belongs to, whoever may work for it; a shop nobody set up: the user's current one."""
    found = Pool().get("web.shop").search([("name", "=", shop)], limit=1)
    return found[0].company if found else user.company


def company_of(user, shop=None):
    """Return the company a call is for.

    Args:
        user: Who calls.
        shop: The shop's key; None when the call is about no shop.

    Raises:
        AccessError: There is no such company, or the user has no access to it.
    """
    if not user.company:
        raise AccessError(gettext("tryton_shopify.msg_no_company", user=user.login))
    company = home_of(user, shop) if shop else user.company
    if company not in user.companies:
        raise AccessError(
            gettext("tryton_shopify.msg_other_company", user=user.login, shop=shop, company=company.party.name)
        )
    return company


def names():
    """Return the name of every company by its id."""
    return {company.id: company.party.name for company in Pool().get("company.company").search([])}
