"""The catalog page's list: its cards, the search over them and the filters above them."""
