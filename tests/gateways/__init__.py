"""Gateways in front of a running Modelbook and a stand-in upstream; suite.py is what each of them has to pass."""
