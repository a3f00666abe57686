"""The catalog that customers browse: the list, a model's page, the comparison. Complete without JavaScript."""
