"""How far a price may be from what is known before an operator must look at it. Imports no models.

Measured in November 2026 with 14,314 priced rows of LiteLLM, models.dev, genai-prices, OpenRouter, llm-prices, basellm
and Crazyrouter: the figures beside each threshold are the extremes of correct rows. docs/decisions.md lists what is
reported in these files.
"""

from collections.abc import Mapping
from decimal import Decimal

# A price that moves by more than this factor, or to or from 0, needs an operator's confirmation.
LARGEST_MOVE = 4
# A first price that differs more from the model's price of another role needs a confirmation; a price that differs more
# from every price of the same model under other ids is reported. 2,951 models have such a price, 13 are reported.
FAR = 10

# A source that loses a larger share of its models at once is more likely broken than smaller, and a change that takes a
# larger share of its models from a key is more likely a mistake than intended.
LARGEST_LOSS = Decimal("0.05")

# Unit -> the lowest and the highest usual price in US dollars, per million where prices are shown so.
USUAL: Mapping[str, tuple[Decimal, Decimal]] = {
    # 0.00013 (a small image model) to 600 (o1-pro): more is the price of a thousand tokens, or of one.
    "token": (Decimal("0.0001"), Decimal(1000)),
    # 0.019 to 180.
    "character": (Decimal("0.001"), Decimal(2000)),
    # 0.0013 to 0.25.
    "pixel": (Decimal("0.0001"), Decimal(5)),
    # 0.0004 to 0.60. LiteLLM states some prices of image tokens as prices of images: 0.0000008.
    "image": (Decimal("0.00001"), Decimal(10)),
    # 0.0000075 to 1.50.
    "second": (Decimal("0.000001"), Decimal(20)),
    "minute": (Decimal("0.00005"), Decimal(1000)),
    "hour": (Decimal("0.001"), Decimal(10_000)),
    # 0.0003 to 0.01.
    "page": (Decimal("0.00001"), Decimal(1)),
    # 0.00007 to 0.059.
    "query": (Decimal("0.000001"), Decimal(5)),
    # 0.005 to 1.68 (a video).
    "request": (Decimal("0.000001"), Decimal(100)),
}
