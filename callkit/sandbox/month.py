"""One account's month at both vendors: traffic, faults, ids."""

from __future__ import annotations

from dataclasses import dataclass

from callkit.sandbox.arrivals import Arrivals
from callkit.sandbox.billing_faults import inject, net_overcharge, tune
from callkit.sandbox.calls import ITNIO, NX, Call, voice_id
from callkit.sandbox.pricing import Tariff, tariff_of
from callkit.sandbox.routes import Route, itnio_routes, nx_routes
from callkit.sandbox.settings import Settings
from callkit.sandbox.setup import Setup
from callkit.sandbox.traffic import itnio_traffic, nx_tariff, nx_traffic

__all__ = ["Month", "make_month"]


@dataclass(frozen=True, slots=True)
class Month:
    """Everything that the vendors hold for one account.

    Attributes
    ----------
    calls, tariffs, routes
        By source. `routes` is the internal rate deck.
    gap
        Start of the hour whose ITNIO records are missing (epoch seconds), or None.
    """

    calls: dict[str, list[Call]]
    tariffs: dict[str, Tariff]
    routes: dict[str, list[Route]]
    gap: int | None

    def truth(self) -> list[tuple[str | None, str, str, int | None]]:
        """List the injected faults as (call id, source, check, amount), sorted by source, check and id."""
        faults: list[tuple[str | None, str, str, int | None]] = [
            (call.call_id, call.source, check, amount)
            for calls in self.calls.values()
            for call in calls
            for check, amount in call.faults.items()
        ]
        # What shows among its peers as an outlier is, against the price list, a wrong rate.
        faults += [
            (call.call_id, call.source, "rate", call.cost - self.agreed_cost(call))
            for call in self.calls[NX]
            if "rate_outlier" in call.faults
        ]
        if self.gap is not None:
            faults.append((None, ITNIO, "missing_stretch", None))
        return sorted(faults, key=lambda fault: (fault[1], fault[2], fault[0] or ""))

    def agreed_cost(self, call: Call) -> int:
        """What a call costs by the price list."""
        rate = call.route.rates[call.currency].used
        return self.tariffs[call.source].cost(rate, call.owed_seconds, call.step)

    def net_overcharge(self) -> tuple[int, int]:
        """What was billed and the net of what was billed too much (10**-10, both currencies alike)."""
        return net_overcharge([call for calls in self.calls.values() for call in calls])


def make_month(calls: int, seed: int, settings: Settings, business_phone: str) -> Month:
    """Make the calls of one account: the same arguments, the same month."""
    tariff = tariff_of(seed)
    tariffs = {ITNIO: tariff, NX: nx_tariff(tariff)}
    routes = {ITNIO: itnio_routes(seed, settings, tariff), NX: nx_routes(seed, settings, tariff)}
    itnio_calls = round(calls * settings.itnio_share)
    setup = Setup(seed, settings, Arrivals(seed, settings, itnio_calls), tariffs, routes, business_phone)
    made = {ITNIO: itnio_traffic(setup, itnio_calls), NX: nx_traffic(setup, calls - itnio_calls)}
    inject(setup, made)
    # Ids follow the order of submission; a double that shares its instant with its original comes after it.
    made[ITNIO].sort(key=lambda call: (call.submitted, "double_billed" in call.faults))
    for serial, call in enumerate(made[ITNIO]):
        call.call_id = voice_id(call.submitted, serial)
        for version in (call.twin, call.later):
            if version is not None:
                version.call_id = call.call_id
    made[NX].sort(key=lambda call: (call.ended, call.call_id))
    tune(settings, made[ITNIO] + made[NX], tariff)
    return Month(made, tariffs, routes, setup.arrivals.gap)
