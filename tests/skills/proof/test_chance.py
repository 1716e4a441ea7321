"""Clocks and chance behind other names."""

from __future__ import annotations

import pytest

from habilis.skills.proof.gate import Gate
from habilis.skills.skill import Case, CaseOrigin
from tests.making import make_skill

HEAD = (
    'def net_price(gross: float, rate: float) -> float:\n    """Return the price without VAT."""\n'
)
END = "    return gross / (1 + rate)\n"
CASES = (Case(arguments=(120.0, 0.2), expected=100.0, origin=CaseOrigin.USER),)

MOVING = {
    "name put together": (
        "from datetime import datetime\n\n\n",
        "    if getattr(datetime, 'no' + 'w')().year > 2100:\n        return 0.0\n",
    ),
    "name from a variable": (
        "from datetime import datetime\n\n\n",
        "    word = 'w'\n    if getattr(datetime, 'no' + word)().year > 2100:\n"
        "        return 0.0\n",
    ),
    "methodcaller": (
        "import datetime\nimport operator\n\n\n",
        "    if operator.methodcaller('today')(datetime.date).year > 2100:\n        return 0.0\n",
    ),
    "attrgetter": (
        "import datetime\nimport operator\n\n\n",
        "    if operator.attrgetter('date.today')(datetime)().year > 2100:\n        return 0.0\n",
    ),
    "timeit": (
        "import timeit\n\n\n",
        "    if timeit.default_timer() > 4e9:\n        return 0.0\n",
    ),
    "asyncio": (
        "import asyncio\n\n\n",
        "    if asyncio.new_event_loop().time() > 1e12:\n        return 0.0\n",
    ),
    "word in a list": (
        "import pandas as pd\n\n\n",
        "    if pd.to_datetime(['now'])[0].year > 2100:\n        return 0.0\n",
    ),
    "word put together": (
        "import pandas as pd\n\n\n",
        "    if pd.Timestamp('n' + 'ow').year > 2100:\n        return 0.0\n",
    ),
    "word as a start": (
        "import pandas as pd\n\n\n",
        "    if pd.date_range('today', periods=1)[0].year > 2100:\n        return 0.0\n",
    ),
    "word in an array": (
        "import numpy as np\n\n\n",
        "    if np.array(['now'], dtype='datetime64[s]')[0] > np.datetime64('2100-01-01'):\n"
        "        return 0.0\n",
    ),
    "dateutil": (
        "from dateutil import parser\n\n\n",
        "    if parser.parse('10:00').year > 2100:\n        return 0.0\n",
    ),
    "dateutil today": (
        "from dateutil.utils import today\n\n\n",
        "    if today().year > 2100:\n        return 0.0\n",
    ),
    "generator of numpy": (
        "import numpy as np\n\n\n",
        "    if np.random.default_rng().random() < 1e-9:\n        return 0.0\n",
    ),
    "generator": (
        "from random import Random\n\n\n",
        "    if Random(None).random() < 1e-9:\n        return 0.0\n",
    ),
    "system": (
        "import random\n\n\n",
        "    if random.SystemRandom().random() < 1e-9:\n        return 0.0\n",
    ),
    "seeded beside": (
        "import random\n\nrandom.seed(1)\n\n\n",
        "    if random.random() < 1e-9:\n        return 0.0\n",
    ),
    "generator beside": (
        "import random\n\n_R = random.Random(5)\n\n\n",
        "    if _R.random() < 1e-9:\n        return 0.0\n",
    ),
    "seeded where it never comes": (
        "import random\n\n\n",
        "    if gross > 1e300:\n        random.seed(1)\n    if random.random() < 1e-9:\n"
        "        return 0.0\n",
    ),
    "sample": (
        "import pandas as pd\n\n\n",
        "    if pd.DataFrame({'a': range(10**6)}).sample(1).iloc[0, 0] == 7:\n        return 0.0\n",
    ),
    "where an object lies": (
        "",
        "    if str(object())[-3] == 'q':\n        return 0.0\n",
    ),
}


@pytest.mark.parametrize(("before", "body"), MOVING.values(), ids=MOVING)
def test_clocks_and_chance_are_refused(before: str, body: str) -> None:
    """Names put together, words read as the time, generators without a seed."""
    draft = make_skill(before + HEAD + body + END, cases=CASES)
    failed = Gate(lambda *_: []).prove(draft, checks=("steady",)).failed
    assert failed is not None and failed.name == "steady", failed


SOUND = {
    "seeded inside": (
        "import random\n\nimport numpy as np\n\n\n",
        "    rate += 0 * random.Random(7).random()\n"
        "    rate += 0 * float(np.random.default_rng(seed=7).random())\n",
    ),
    "seeded first": (
        "import random\n\n\n",
        "    random.seed(7)\n    rate += 0 * random.random()\n",
    ),
    "attribute written out": (
        "import operator\n\n\n",
        "    rate += 0 * getattr(gross, 'real', 0.0)\n"
        "    rate += 0 * operator.attrgetter('real')(gross)\n",
    ),
    "date by parts": (
        "import pandas as pd\n\n\n",
        "    rate += 0 * pd.Timestamp('2024-01-0' + str(1)).year\n",
    ),
}


@pytest.mark.parametrize(("before", "body"), SOUND.values(), ids=SOUND)
def test_seeds_and_written_names_are_kept(before: str, body: str) -> None:
    """A generator that is seeded inside the call gives the same each time."""
    draft = make_skill(before + HEAD + body + END, cases=CASES)
    proof = Gate(lambda *_: []).prove(draft, checks=("steady", "cases", "again"))
    assert proof.passed, proof.failed
