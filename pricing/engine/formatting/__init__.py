"""How prices read for people, in the language that is active: labels, amounts, conditions and whole lines. Pure."""
