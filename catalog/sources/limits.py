"""How large a document may be: at least four times the largest real one, and small enough for the memory.

The largest real documents (September 2026): models.dev with all resellers has 8,261 models, 25,225 prices and 279,000
values in 6 MB, and doubles in three months; LiteLLM has 4,553 models and 18,737 prices; the YAML export of LiteLLM's
models has 165,000 lines. A document within these limits is read in less than 600 MB.
"""

# For uploads, files and responses, also after they are decompressed.
LARGEST_FILE = 64 * 1024 * 1024
# Numbers, texts, lists and objects before anything is left out: they fill the memory while the document is read.
MOST_VALUES = 2_000_000
# Entries of one list or object of a document.
MOST_ENTRIES = 100_000
# What is imported, without offers of providers that nobody asked for. A plan lists all of it.
MOST_MODELS = 100_000
MOST_PRICES = 250_000
# Lines of a YAML file, and scalars, starts and ends of lists and mappings in it.
MOST_LINES = 1_000_000
MOST_EVENTS = 2_500_000
# Lines of a CSV file times dates, of each model: every line is compared at every date.
MOST_COMPARISONS = 500_000
