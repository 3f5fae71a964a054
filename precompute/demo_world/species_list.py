"""The twenty-four species: eight families of three.

In every family the first two differ in one mark (five look-alike pairs) or two, the third in more.
"""

from fieldmarks.precompute.demo_world.painting.bird_shape import Proportions
from fieldmarks.precompute.demo_world.species import Family, Species

FENWICK = Family(
    "Fenwick",
    Proportions(bill="conical", bill_length=0.55, depth=0.64, head=0.45, tail_length=0.85),
    "small",
    ("leaves", "woodland", "meadow", "reeds"),
    {"leg": "grey", "belly": "buff"},
)
WHISP = Family(
    "Whisp",
    Proportions(
        bill="pointed", bill_length=0.5, depth=0.54, head=0.42, tail_length=0.85, posture=0.36
    ),
    "small",
    ("leaves", "leaves", "woodland", "reeds"),
    {"leg": "pink", "back": "green"},
)
MARL = Family(
    "Marl Thrush",
    Proportions(
        bill="pointed",
        bill_length=0.75,
        depth=0.58,
        head=0.40,
        neck=(0.80, -0.56),
        posture=0.58,
        tail_length=0.95,
        leg_length=0.72,
    ),
    "medium",
    ("woodland", "meadow", "leaves", "rock"),
    {"leg": "brown"},
)
TIDEWING = Family(
    "Tidewing",
    Proportions(
        bill="gull",
        bill_length=1.15,
        depth=0.46,
        head=0.37,
        neck=(0.86, -0.36),
        posture=0.16,
        tail="forked",
        tail_length=1.25,
        leg_length=0.42,
        wing_length=1.30,
    ),
    "medium",
    ("sky", "shore", "water", "rock"),
    {"back": "black"},
)
KINGDART = Family(
    "Kingdart",
    Proportions(
        bill="straight",
        bill_length=1.75,
        depth=0.60,
        head=0.50,
        neck=(0.76, -0.56),
        posture=0.72,
        tail_length=0.5,
        leg_length=0.34,
        wing_length=0.92,
        crest=0.7,
    ),
    "small",
    ("water", "reeds", "leaves", "rock"),
    {"bill": "red"},
)
STRIDER = Family(
    "Strider",
    Proportions(
        bill="slim",
        bill_length=2.2,
        depth=0.50,
        head=0.31,
        neck=(0.96, -0.86),
        posture=0.26,
        tail_length=0.6,
        leg_length=1.45,
        wing_length=1.05,
    ),
    "large",
    ("water", "shore", "water", "meadow"),
    {"nape": "grey"},
)
SICKLE = Family(
    "Sicklebeak",
    Proportions(
        bill="curved",
        bill_length=2.7,
        depth=0.54,
        head=0.35,
        neck=(0.92, -0.66),
        posture=0.30,
        tail_length=0.65,
        leg_length=1.05,
    ),
    "large",
    ("shore", "meadow", "water", "rock"),
    {"leg": "grey"},
)
LORIMEL = Family(
    "Lorimel",
    Proportions(
        bill="hooked",
        bill_length=0.42,
        depth=0.56,
        head=0.47,
        neck=(0.70, -0.58),
        posture=0.86,
        tail="pointed",
        tail_length=1.75,
        leg_length=0.34,
    ),
    "medium",
    ("leaves", "leaves", "sky", "woodland"),
    {"wing": "blue"},
)


def _species(name: str, family: Family, told: str, base: Species | None = None, **marks) -> Species:
    """Read ``"black: crown wing; pink: breast"``; with a base, only what differs is given."""
    colours = {
        part: word.strip()
        for word, _, parts in (group.partition(":") for group in told.split(";") if group)
        for part in parts.split()
    }
    if base is None:
        return Species(name, family, {"eye": "black"} | colours, **marks)
    kept = {mark: getattr(base, mark) for mark in ("patterns", "wingbar", "eyering", "eyebrow")}
    return Species(name, family, base.colours | colours, **(kept | marks))


ROSY = _species(
    "Rosy_Fenwick",
    FENWICK,
    "black: crown forehead wing tail bill; grey: nape back; pink: cheek throat breast leg;"
    "white: belly",
    wingbar="white",
)
LEMON = _species(
    "Lemon_Whisp",
    WHISP,
    "olive: crown forehead nape back; yellow: cheek throat breast; white: belly; black: bill;"
    "grey: wing tail leg",
    wingbar="white",
)
GREATER = _species(
    "Greater_Marl_Thrush",
    MARL,
    "brown: crown forehead nape cheek back wing tail; white: throat belly; buff: breast;"
    "black: bill; pink: leg",
    patterns={"breast": "speckled"},
    eyering="white",
)
CORAL = _species(
    "Coral_Tidewing",
    TIDEWING,
    "black: crown forehead nape; white: cheek throat breast belly tail; grey: back wing;"
    "red: bill leg",
)
AZURE = _species(
    "Azure_Kingdart",
    KINGDART,
    "blue: crown forehead nape back wing tail; orange: cheek breast belly; white: throat;"
    "black: bill; red: leg",
)
PIED = _species(
    "Pied_Strider",
    STRIDER,
    "black: crown nape back wing bill; white: forehead cheek throat breast belly tail; pink: leg",
)
MOORLAND = _species(
    "Moorland_Sicklebeak",
    SICKLE,
    "brown: crown forehead nape back wing; buff: cheek breast tail; white: throat belly;"
    "black: bill; yellow: leg",
    patterns={"breast": "striped"},
    eyebrow="white",
)
ORCHARD = _species(
    "Orchard_Lorimel",
    LORIMEL,
    "green: crown nape cheek breast back wing; red: forehead; yellow: throat belly; blue: tail;"
    "orange: bill eye; grey: leg",
)

#: In the order of their class numbers.
SPECIES: tuple[Species, ...] = (
    ROSY,
    _species("Bibbed_Fenwick", FENWICK, "black: throat", ROSY),
    _species(
        "Copper_Fenwick",
        FENWICK,
        "rufous: cheek throat breast; brown: back; grey: crown forehead",
        ROSY,
    ),
    LEMON,
    _species("Plain_Whisp", WHISP, "", LEMON, wingbar=""),
    _species(
        "Cinder_Whisp",
        WHISP,
        "grey: crown forehead nape cheek back",
        LEMON,
        patterns={"breast": "striped"},
        eyering="white",
    ),
    GREATER,
    _species("Lesser_Marl_Thrush", MARL, "rufous: tail", GREATER, eyering=""),
    _species(
        "Ember_Marl_Thrush",
        MARL,
        "grey: crown forehead nape cheek back; orange: breast; yellow: bill",
        GREATER,
        patterns={"throat": "striped"},
    ),
    CORAL,
    _species("Amber_Tidewing", TIDEWING, "yellow: bill leg", CORAL),
    _species(
        "Sooty_Tidewing",
        TIDEWING,
        "white: forehead; grey: breast belly; black: wing bill leg",
        CORAL,
    ),
    AZURE,
    _species("Blazed_Kingdart", KINGDART, "white: forehead cheek", AZURE),
    _species(
        "Jade_Kingdart",
        KINGDART,
        "green: crown forehead nape back wing tail; white: belly",
        AZURE,
    ),
    PIED,
    _species("Saffron_Strider", STRIDER, "yellow: leg", PIED),
    _species(
        "Russet_Strider",
        STRIDER,
        "rufous: crown nape cheek throat breast; grey: leg",
        PIED,
        wingbar="white",
    ),
    MOORLAND,
    _species("Blackthroat_Sicklebeak", SICKLE, "black: throat", MOORLAND),
    _species(
        "Garnet_Sicklebeak",
        SICKLE,
        "purple: crown forehead back tail; rufous: nape cheek breast belly; green: wing; red: bill",
        MOORLAND,
        patterns={},
        eyebrow="",
    ),
    ORCHARD,
    _species("Bluecheek_Lorimel", LORIMEL, "blue: cheek", ORCHARD),
    _species(
        "Plum_Lorimel",
        LORIMEL,
        "purple: crown nape cheek breast; pink: belly; yellow: forehead",
        ORCHARD,
        patterns={"breast": "speckled"},
    ),
)
