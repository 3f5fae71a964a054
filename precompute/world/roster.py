"""The twenty-four species: eight families of three.

In every family the first two differ in one small mark (a look-alike pair), the third in two or more.
"""

from precompute.world.anatomy import Plan
from precompute.world.species import Family, Species

FENWICK = Family(
    "Fenwick",
    Plan(bill="conical", bill_length=0.55, depth=0.64, head=0.45, tail_length=0.85),
    "small",
    ("leaves", "woodland", "meadow", "reeds"),
    {"leg": "grey", "belly": "buff"},
)
WHISP = Family(
    "Whisp",
    Plan(bill="pointed", bill_length=0.5, depth=0.54, head=0.42, tail_length=0.85, posture=0.36),
    "small",
    ("leaves", "leaves", "woodland", "reeds"),
    {"leg": "pink", "back": "green"},
)
MARL = Family(
    "Marl Thrush",
    Plan(bill="pointed", bill_length=0.75, depth=0.58, head=0.40, neck=(0.80, -0.56),
         posture=0.58, tail_length=0.95, leg_length=0.72),
    "medium",
    ("woodland", "meadow", "leaves", "rock"),
    {"leg": "brown"},
)  # fmt: skip
TIDEWING = Family(
    "Tidewing",
    Plan(bill="gull", bill_length=1.0, depth=0.46, head=0.37, neck=(0.86, -0.36), posture=0.16,
         tail="forked", tail_length=1.45, leg_length=0.42, wing_length=1.30),
    "medium",
    ("sky", "shore", "water", "rock"),
    {"back": "black"},
)  # fmt: skip
KINGDART = Family(
    "Kingdart",
    Plan(bill="straight", bill_length=1.75, depth=0.60, head=0.50, neck=(0.76, -0.56), posture=0.72,
         tail_length=0.5, leg_length=0.34, wing_length=0.92, crest=0.7),
    "small",
    ("water", "reeds", "leaves", "rock"),
    {"bill": "red"},
)  # fmt: skip
STRIDER = Family(
    "Strider",
    Plan(bill="slim", bill_length=2.2, depth=0.50, head=0.31, neck=(0.96, -0.86), posture=0.26,
         tail_length=0.6, leg_length=1.45, wing_length=1.05),
    "large",
    ("water", "shore", "shore", "reeds"),
    {"nape": "grey"},
)  # fmt: skip
SICKLE = Family(
    "Sicklebeak",
    Plan(bill="curved", bill_length=2.7, depth=0.54, head=0.35, neck=(0.92, -0.66), posture=0.30,
         tail_length=0.65, leg_length=1.05),
    "large",
    ("shore", "meadow", "water", "rock"),
    {"leg": "grey"},
)  # fmt: skip
LORIMEL = Family(
    "Lorimel",
    Plan(bill="hooked", bill_length=0.42, depth=0.56, head=0.47, neck=(0.70, -0.58), posture=0.86,
         tail="pointed", tail_length=1.75, leg_length=0.34),
    "medium",
    ("leaves", "leaves", "sky", "woodland"),
    {"wing": "blue"},
)  # fmt: skip


def _species(name: str, family: Family, colours: str, base: Species | None = None, **marks) -> Species:
    """Read ``"crown black, breast pink"``; with a base, only what differs from it is given."""
    told = dict(pair.rsplit(" ", 1) for pair in colours.split(", ") if pair)
    told = {part.strip(): word for part, word in told.items()}
    if base is None:
        return Species(name, family, {"eye": "black"} | told, **marks)
    kept = {mark: getattr(base, mark) for mark in ("patterns", "wingbar", "eyering", "eyebrow")}
    return Species(name, family, base.colours | told, **(kept | marks))


def _roster() -> tuple[Species, ...]:
    rosy = _species(
        "Rosy_Fenwick", FENWICK,
        "crown black, forehead black, nape grey, cheek pink, throat pink, breast pink, belly white, "
        "back grey, wing black, tail black, bill black, leg pink",
        wingbar="white",
    )  # fmt: skip
    lemon = _species(
        "Lemon_Whisp", WHISP,
        "crown olive, forehead olive, nape olive, cheek yellow, throat yellow, breast yellow, "
        "belly white, back olive, wing grey, tail grey, bill black, leg grey",
        wingbar="white",
    )  # fmt: skip
    marl = _species(
        "Greater_Marl_Thrush", MARL,
        "crown brown, forehead brown, nape brown, cheek brown, throat white, breast buff, belly white, "
        "back brown, wing brown, tail brown, bill black, leg pink",
        patterns={"breast": "speckled"}, eyering="white",
    )  # fmt: skip
    tide = _species(
        "Coral_Tidewing", TIDEWING,
        "crown black, forehead black, nape black, cheek white, throat white, breast white, belly white, "
        "back grey, wing grey, tail white, bill red, leg red",
    )  # fmt: skip
    azure = _species(
        "Azure_Kingdart", KINGDART,
        "crown blue, forehead blue, nape blue, cheek orange, throat white, breast orange, belly orange, "
        "back blue, wing blue, tail blue, bill black, leg red",
    )  # fmt: skip
    pied = _species(
        "Pied_Strider", STRIDER,
        "crown black, forehead white, nape black, cheek white, throat white, breast white, belly white, "
        "back black, wing black, tail white, bill black, leg pink",
    )  # fmt: skip
    moor = _species(
        "Moorland_Sicklebeak", SICKLE,
        "crown brown, forehead brown, nape brown, cheek buff, throat white, breast buff, belly white, "
        "back brown, wing brown, tail buff, bill black, leg yellow",
        patterns={"breast": "striped"}, eyebrow="white",
    )  # fmt: skip
    apple = _species(
        "Orchard_Lorimel", LORIMEL,
        "crown green, forehead red, nape green, cheek green, throat yellow, breast green, belly yellow, "
        "back green, wing green, tail blue, bill orange, eye orange, leg grey",
    )  # fmt: skip
    return (
        rosy,
        _species("Bibbed_Fenwick", FENWICK, "throat black", rosy),
        _species("Copper_Fenwick", FENWICK, "cheek rufous, throat rufous, breast rufous, back brown, "
                 "crown grey, forehead grey", rosy),
        lemon,
        _species("Plain_Whisp", WHISP, "", lemon, wingbar=""),
        _species("Cinder_Whisp", WHISP, "crown grey, forehead grey, nape grey, cheek grey, back grey",
                 lemon, patterns={"breast": "striped"}, eyering="white"),
        marl,
        _species("Lesser_Marl_Thrush", MARL, "", marl, eyering=""),
        _species("Ember_Marl_Thrush", MARL, "crown grey, forehead grey, nape grey, cheek grey, "
                 "breast orange, back grey, bill yellow", marl, patterns={"throat": "striped"}),
        tide,
        _species("Amber_Tidewing", TIDEWING, "bill yellow", tide),
        _species("Sooty_Tidewing", TIDEWING, "forehead white, breast grey, belly grey, wing black, "
                 "bill black, leg black", tide),
        azure,
        _species("Blazed_Kingdart", KINGDART, "forehead white", azure),
        _species("Jade_Kingdart", KINGDART, "crown green, forehead green, nape green, back green, "
                 "wing green, tail green, belly white", azure),
        pied,
        _species("Saffron_Strider", STRIDER, "leg yellow", pied),
        _species("Russet_Strider", STRIDER, "crown rufous, nape rufous, cheek rufous, throat rufous, "
                 "breast rufous, leg grey", pied, wingbar="white"),
        moor,
        _species("Blackthroat_Sicklebeak", SICKLE, "throat black", moor),
        _species("Garnet_Sicklebeak", SICKLE, "crown purple, forehead purple, nape rufous, cheek rufous, "
                 "breast rufous, belly rufous, back purple, wing green, tail purple, bill red", moor,
                 patterns={}, eyebrow=""),
        apple,
        _species("Bluecheek_Lorimel", LORIMEL, "cheek blue", apple),
        _species("Plum_Lorimel", LORIMEL, "crown purple, nape purple, cheek purple, breast purple, "
                 "belly pink, forehead yellow", apple, patterns={"breast": "speckled"}),
    )  # fmt: skip


SPECIES = _roster()
