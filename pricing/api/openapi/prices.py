"""The shapes of prices: the list, quotes, history, changes and the maps of ratios."""

from tokens.openapi.parts import Schema, array, body, text, text_or_null, whole, whole_or_null, yes_or_no

NUMBER: Schema = {"type": "number"}


def number(description: str) -> Schema:
    return NUMBER | {"description": description}


def by_name(values: Schema, description: str) -> Schema:
    return {"type": "object", "description": description, "additionalProperties": values}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


TIER_MODE = text("graduated: each part of a prompt at the price of its own tier.")
STATUS = text("Only priced and free have numbers.", enum=["priced", "free", "dynamic", "included", "unpriced"])
FIGURE: Schema = body(
    {
        "meter": text("What is counted, e.g. input.cache_read."),
        "kind": text("Where it is no amount, e.g. multiplier."),
        "amount": {"type": ["number", "null"]},
        "per": whole_or_null("For how many units."),
        "unit": text("e.g. token."),
        "currency": text("Three letters."),
        "conditions": array({"type": "object"}, "When it holds; all of them together."),
        "period": text("Of what is free of charge: day or month; without one, each request."),
    },
    "One line of a price.",
    optional=["kind", "conditions", "period"],
)
RATIOS = {
    "model_ratio": "Input: USD per million tokens, divided by 2.",
    "completion_ratio": "Output, as a multiple of input.",
    "cache_ratio": "Reading from the cache, as a multiple of input.",
    "create_cache_ratio": "Writing to the cache, as a multiple of input.",
    "image_ratio": "Image input, as a multiple of input.",
    "audio_ratio": "Audio input, as a multiple of input.",
    "audio_completion_ratio": "Audio output, as a multiple of audio input.",
    "model_price": "USD a call, or for what `billing_mode` says: a second, a page, a million characters.",
}
ALWAYS = {
    "model_name": text("The model's id.", minLength=1),
    "vendor_id": whole("The id of an entry of `vendors`."),
    "owner_by": text("The vendor as a short lower-case name."),
    "pricing_status": STATUS,
    "enable_groups": array(text(), "The caller's groups that reach the model."),
    "supported_endpoint_types": array(text(), "What can serve it."),
    "public_endpoint_types": array(text(), "What customers may call."),
}
SOMETIMES = {
    "description": text(),
    "icon": text(),
    "tags": text("Separated by commas."),
    "series": text("The family."),
    "release_date": text(format="date"),
    "quota_type": {
        "enum": [0, 1],
        "description": "0: by ratios; 1: `model_price` a call, or what `billing_mode` says.",
    },
    **{name: number(description) for name, description in RATIOS.items()},
    "discount": number("What all figures are multiplied by."),
    "price_from": yes_or_no("`model_price` is the lowest of several prices."),
    "billing_mode": text("e.g. per_second; tiered_expr: `billing_expr` takes the place of every number."),
    "billing_expr": text("The price as an expression of new-api's."),
    "tier_mode": TIER_MODE,
    "display_unit": text("As price lists name the unit."),
    "image_pricing": {"type": "object", "description": "A table of rules, in Crazyrouter's shape."},
    "video_pricing": {"type": "object", "description": "A table of rules, in Crazyrouter's shape."},
    "prices": array(ref("PriceFigure"), "Every line, where ratios do not say all."),
}
PRICE = {
    "pricing_status": STATUS,
    "currency": text("Three letters."),
    "discount": number("What all figures are multiplied by."),
    "tier_mode": TIER_MODE,
    "prices": array(ref("PriceFigure")),
}
WHERE_PRICED = [name for name in PRICE if name != "pricing_status"]
PERIOD = {
    "starts_at": text_or_null(format="date-time"),
    "ends_at": text_or_null("null: not known.", format="date-time"),
    "announced": yes_or_no("It lies ahead."),
}
CHARGE = {
    "meter": text(),
    "quantity": text("A decimal number."),
    "state": text("e.g. priced."),
    "amount": text_or_null("A decimal number; null: not known."),
    "price": text("The price of `per` units."),
    "per": whole(),
    "unit": text(),
    "charged_quantity": text_or_null("What was charged, where that is less or more."),
    "rule": {"type": "object", "description": "The line of the price that was used, and what it was multiplied by."},
}
SCHEMAS: Schema = {
    "PriceFigure": FIGURE,
    "PriceRow": body(
        ALWAYS | SOMETIMES, "A model and its price, in the shape of new-api and Crazyrouter.", optional=SOMETIMES
    ),
    "PriceList": body(
        {
            "success": {"const": True},
            "data": array(ref("PriceRow"), "Every model, popular ones first."),
            "popular_models": array(text(), "Ids, in the order of popularity."),
            "supported_endpoint": by_name(body({"path": text(), "method": text()}, "Where it is served."), "By type."),
            "vendors": array(
                body(
                    {"id": whole(), "name": text(), "icon": text(), "description": text()},
                    "Who made a model.",
                    optional=["icon", "description"],
                )
            ),
            "group_ratio": by_name(NUMBER, "Group -> what its customers pay, as a multiple."),
            "usable_group": by_name(text(), "Group -> its name for people."),
            "auto_groups": array(text(), "Groups that are tried in this order."),
            "pricing_version": text("The same for the same prices."),
        },
        "The price list.",
    ),
    "RatioConfig": body(
        {
            "success": {"const": True},
            "message": text(),
            "data": body(
                {
                    **{name: by_name(NUMBER, description) for name, description in RATIOS.items()},
                    "billing_mode": by_name(text(), "Model -> tiered_expr."),
                    "billing_expr": by_name(text(), "Model -> an expression of new-api's."),
                },
                "Each map: model -> value.",
            ),
        },
        "The maps that new-api sites read prices from, discounts multiplied in.",
    ),
    "PriceHistory": body(
        {
            "success": {"const": True},
            "data": body(
                {
                    "model_name": text(),
                    "history": array(
                        body(
                            PERIOD | PRICE,
                            "A time and its price.",
                            optional=[name for name in PRICE if name != "pricing_status"],
                        ),
                        "Oldest first.",
                    ),
                },
                "The model.",
            ),
        },
        "A model's prices, past and announced.",
    ),
    "PriceChanges": body(
        {
            "success": {"const": True},
            "since": text(format="date-time"),
            "complete": yes_or_no("false: there are more, and `next` leads on."),
            "next": text_or_null("What to ask for as `cursor`; null: that is all."),
            "data": array(
                body(
                    {
                        "model_name": text(),
                        "at": text("From when it counts.", format="date-time"),
                        "told_at": text(
                            "What `since` is compared with: when it began or was recorded, whichever is later; of an "
                            "announced change when it was recorded.",
                            format="date-time",
                        ),
                        "announced": yes_or_no("It lies ahead."),
                        "before": {"type": "object", "description": "The price as in a history."},
                        "after": {"type": "object", "description": "The price as in a history."},
                    },
                    "A change.",
                ),
                "The last told first.",
            ),
        },
        "What changed and what will.",
    ),
    "Question": body(
        {
            "model": text(minLength=1),
            "usage": {
                "type": "object",
                "description": 'Meter -> quantity, e.g. {"input": 1000, "output": 200}.',
                "minProperties": 1,
            },
            "at": text_or_null("A moment other than now."),
            "group": text_or_null("One of the caller's groups."),
            "request": {"type": ["object", "null"], "description": 'Facts, e.g. {"service_tier": "flex"}.'},
        },
        "What is to be priced.",
        optional=["at", "group", "request"],
        examples=[{"model": "gpt-4o", "usage": {"input": 1000, "output": 200}}],
    ),
    "Quote": body(
        {
            "success": {"const": True},
            "model": text(),
            "group": text(),
            "at": text(format="date-time"),
            "amount": text_or_null("The sum as a decimal number; null: not known."),
            "currency": text("Three letters."),
            "lines": array(
                body(
                    CHARGE,
                    "A line of the quote.",
                    optional=["price", "per", "unit", "charged_quantity", "rule"],
                )
            ),
            "free_of_charge": array({"type": "object"}, "What each period has for nothing; not taken off."),
        },
        "What a use costs, line by line.",
        optional=["free_of_charge"],
    ),
    "UsageReports": body(
        {
            "reports": array(
                body(
                    {
                        "model": text(),
                        "day": text(format="date"),
                        "requests": whole(minimum=0),
                        "tokens": whole(minimum=0),
                    },
                    "How much one model was used on one day.",
                    optional=["requests", "tokens"],
                )
            )
        },
        "What popularity is measured by.",
    ),
    "UsageTaken": body(
        {"success": {"const": True}, "taken": whole("How many reports."), "unknown": array(text(), "Unknown models.")},
        "What was taken.",
    ),
}
