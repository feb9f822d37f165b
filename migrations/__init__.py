"""The tables of the store, version by version; `python -m migrations` brings a database up to date."""
