"""Every fault that is put in on purpose: each is one line gone wrong, and each must be found out by the stories."""

from tests.simulation import mutants_orders, mutants_stopping
from tests.simulation.mutant import MUTANTS, put_in

__all__ = ["MUTANTS", "mutants_orders", "mutants_stopping", "put_in"]
