"""Which models a call names: in its address, its query and its body. Pure: no models, no database."""
