"""What a model's tokens cost."""

from __future__ import annotations

PUBLIC = "https://api.openai.com/v1"


def price(model: str, input_tokens: int, output_tokens: int, *, base_url: str) -> float | None:
    """Return the public price in US dollars, None where it is not known.

    A server of your own has no public price, whatever its models are called.
    """
    from genai_prices import Usage as Tokens
    from genai_prices import calc_price

    where = None if base_url == PUBLIC else base_url
    try:
        tokens = Tokens(input_tokens=input_tokens, output_tokens=output_tokens)
        return float(calc_price(tokens, model_ref=model, provider_api_url=where).total_price)
    except LookupError:
        return None
