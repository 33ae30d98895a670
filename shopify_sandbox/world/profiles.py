"""The kinds of shop there are: currency, zone, taxes, prices, places and the people who live there.

Here: declarations. Not here: what a shop sells (``catalog.py``), who buys what (``shoppers.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from shopify_sandbox.world.tax_rates import TaxRate

COUNTRIES = {"US": "United States", "GB": "United Kingdom", "JP": "Japan", "KW": "Kuwait"}


class Place(NamedTuple):
    """Where customers live; ``ships_from`` is the position of the location that serves it."""

    city: str
    province: str
    province_code: str
    zip: str
    taxes: tuple[TaxRate, ...]
    taxes_shipping: bool
    ships_from: int


class People(NamedTuple):
    """What people of a country are called, where they live and how they are reached."""

    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    streets: tuple[str, ...]
    company: str
    phone: str
    locales: tuple[str, ...]


@dataclass(frozen=True)
class Profile:
    """One kind of shop.

    Attributes:
        currency: ISO 4217 code of the shop's currency.
        country: ISO 3166-1 code.
        time_zone: IANA name.
        taxes_included: Whether prices include tax.
        locations: Name, address, city, province, its code, postal code and phone of each.
        price: Minor units of the currency for a cent of the catalogue's price in dollars, and to what they are rounded.
        presentments: Currencies a full shop also sells in.
        coin: Smallest coin, minor units; ``note`` the note people pay with.
    """

    currency: str
    country: str
    time_zone: str
    taxes_included: bool
    places: tuple[Place, ...]
    locations: tuple[tuple[str, ...], ...]
    people: People
    price: tuple[int, int, int]
    presentments: tuple[str, ...]
    coin: int
    note: int

    def price_of(self, cents: int) -> int:
        """What something of so many US cents costs here, minor units."""
        numerator, denominator, step = self.price
        return cents if numerator == denominator else max(1, cents * numerator // denominator // step) * step


NY = TaxRate("New York State Tax", 40_000)
CALIFORNIA = TaxRate("California State Tax", 72_500)
TEXAS = TaxRate("Texas State Tax", 62_500)
VAT = (TaxRate("GB VAT", 200_000),)
ZERO_VAT = (TaxRate("GB VAT", 0),)
CONSUMPTION = (TaxRate("消費税", 100_000),)
REDUCED = (TaxRate("消費税 (軽減税率)", 80_000),)

_USD = Profile(
    currency="USD",
    country="US",
    time_zone="America/New_York",
    taxes_included=False,
    places=(
        Place("New York", "New York", "NY", "10014", (NY, TaxRate("New York City Tax", 45_000)), True, 0),
        Place("Albany", "New York", "NY", "12207", (NY, TaxRate("Albany County Tax", 40_000)), True, 0),
        Place(
            "San Francisco",
            "California",
            "CA",
            "94110",
            (CALIFORNIA, TaxRate("San Francisco County Tax", 13_750)),
            False,
            1,
        ),
        Place("Sacramento", "California", "CA", "95814", (CALIFORNIA,), False, 1),
        Place("Portland", "Oregon", "OR", "97209", (), False, 1),
        Place("Austin", "Texas", "TX", "78704", (TEXAS,), True, 2),
        Place("Houston", "Texas", "TX", "77006", (TEXAS,), True, 2),
    ),
    locations=(
        ("Brooklyn Warehouse", "120 Flushing Ave", "Brooklyn", "New York", "NY", "11205", "+17185550100"),
        ("Oakland Warehouse", "480 Maritime St", "Oakland", "California", "CA", "94607", "+15105550100"),
        ("Austin Store", "1011 Congress Ave", "Austin", "Texas", "TX", "78701", "+15125550100"),
    ),
    people=People(
        ("Ava", "Ben", "Chloe", "Daniel", "Elena", "Felix", "Grace", "Hugo", "Iris", "Jonas", "Keiko", "Liam"),
        (
            *("Adler", "Brooks", "Chen", "Diaz", "Evans", "Fischer", "García", "Hughes", "Ito", "Jensen", "Kim"),
            "O'Neil",
        ),
        ("Maple St", "Oak Ave", "Cedar Ln", "2nd St", "Park Blvd", "Hill Rd", "Lake Dr", "Grand Ave"),
        "Fieldwork Supply LLC",
        "+1555",
        ("en", "en", "en-US", "es"),
    ),
    price=(1, 1, 1),
    presentments=("EUR", "GBP", "JPY", "CAD", "KWD"),
    coin=5,
    note=1_000,
)
_GBP = Profile(
    currency="GBP",
    country="GB",
    time_zone="Europe/London",
    taxes_included=True,
    places=(
        Place("London", "England", "ENG", "E8 4RU", VAT, True, 0),
        Place("Bristol", "England", "ENG", "BS1 4DJ", VAT, True, 0),
        Place("Edinburgh", "Scotland", "SCT", "EH6 6QQ", VAT, True, 1),
        # Goods shipped to the Channel Islands bear no VAT.
        Place("St Helier", "Jersey", "JEY", "JE2 3QA", ZERO_VAT, True, 0),
    ),
    locations=(
        ("Hackney Warehouse", "14 Mare Street", "London", "England", "ENG", "E8 3SA", "+442079460100"),
        ("Leith Store", "61 Shore", "Edinburgh", "Scotland", "SCT", "EH6 6RA", "+441314960100"),
    ),
    people=People(
        ("Olivia", "George", "Amelia", "Harry", "Isla", "Zoë", "Siân", "Aoife", "Noah", "Freya"),
        ("Smith", "Jones", "Taylor", "O'Brien", "MacLeod", "Singh", "Okafor", "Brontë", "Wright", "Evans"),
        ("High Street", "Church Road", "Mill Lane", "Victoria Terrace", "Queen's Walk"),
        "Thornbury Interiors Ltd",
        "+447700",
        ("en-GB", "en", "cy", "fr"),
    ),
    price=(9, 10, 1),
    presentments=("EUR", "USD", "JPY"),
    coin=5,
    note=1_000,
)
_JPY = Profile(
    currency="JPY",
    country="JP",
    time_zone="Asia/Tokyo",
    taxes_included=True,
    places=(
        Place("渋谷区", "東京都", "JP-13", "150-0001", CONSUMPTION, True, 0),
        Place("大阪市北区", "大阪府", "JP-27", "530-0001", CONSUMPTION, True, 0),
        Place("京都市中京区", "京都府", "JP-26", "604-8001", REDUCED, True, 0),
        Place("札幌市中央区", "北海道", "JP-01", "060-0001", CONSUMPTION, True, 1),
    ),
    locations=(
        ("東京倉庫", "神宮前1-2-3", "渋谷区", "東京都", "JP-13", "150-0001", "+81355500100"),
        ("札幌店", "北一条西2-1", "札幌市中央区", "北海道", "JP-01", "060-0001", "+81115550100"),
    ),
    people=People(
        ("太郎", "花子", "健一", "美咲", "翔太", "さくら", "大輔", "結衣", "直樹", "葵"),
        ("佐藤", "鈴木", "高橋", "田中", "渡辺", "伊藤", "山本", "中村", "小林", "髙﨑"),
        ("丁目本町", "丁目桜通", "丁目中央", "番地銀座", "番地青葉"),
        "株式会社北斗商会",
        "+8190",
        ("ja", "ja", "ja-JP", "en"),
    ),
    price=(3, 2, 1),
    presentments=("USD", "EUR"),
    coin=10,
    note=1_000,
)
_KWD = Profile(
    currency="KWD",
    country="KW",
    time_zone="Asia/Kuwait",
    taxes_included=False,
    places=(
        Place("مدينة الكويت", "العاصمة", "KW-KU", "13001", (), False, 0),
        Place("السالمية", "حولي", "KW-HA", "22001", (), False, 1),
        Place("الأحمدي", "الأحمدي", "KW-AH", "61001", (TaxRate("VAT", 0),), True, 0),
    ),
    locations=(
        ("مستودع الشويخ", "شارع 12", "مدينة الكويت", "العاصمة", "KW-KU", "70001", "+96522250100"),
        ("متجر السالمية", "شارع سالم المبارك", "السالمية", "حولي", "KW-HA", "22001", "+96522250200"),
    ),
    people=People(
        ("محمد", "فاطمة", "عبد الله", "نورة", "يوسف", "مريم", "خالد", "شيخة", "أحمد", "لطيفة"),
        ("العنزي", "المطيري", "الصباح", "الرشيدي", "العجمي", "الشمري", "بهبهاني", "الكندري"),
        ("شارع سالم المبارك", "شارع الخليج العربي", "شارع فهد السالم", "شارع تونس"),
        "شركة الواحة للتجارة",
        "+9655",
        ("ar", "ar", "ar-KW", "en"),
    ),
    price=(3, 1, 1),
    presentments=("USD", "EUR", "GBP"),
    coin=5,
    note=5_000,
)
PROFILES = {"usd": _USD, "gbp": _GBP, "jpy": _JPY, "kwd": _KWD}
BY_CURRENCY = {profile.currency: profile for profile in PROFILES.values()}
