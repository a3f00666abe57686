"""Programs that use the service as its customers do, each with one vendor's SDK.

A program gets the address, the keys and the names of two models in JSON as its argument, and prints what its SDK made
of the answers. The same program runs with the SDK's current edition, with older ones, and (sdk.mjs) in Node.
situations.py states what the programs for the table of docs/clients.md take and print, in whatever language they are.
install.sh brings what this machine lacks into the folder .clients; .ci/run calls it.
"""
