# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""report.html: one self-contained page about a run, whatever of it is there."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from html import escape
from pathlib import Path

from matplotlib.figure import Figure

from wayscout.errors import InvalidInput, WayscoutError
from wayscout.report import campaign, charts, drawing, landing, link, maps, recon, science, tables
from wayscout.report.folder import Entry, RunRecord, plain, read_run
from wayscout.report.result import UNFINISHED, result
from wayscout.report.style import STYLE

_HEADLINES = {
    "complete": ("good", "Every task of the campaign was done"),
    "partly": ("so-so", "The campaign was done in part"),
    "arrived": ("good", "The rover stands on top of the delta"),
    "neither": ("so-so", "Neither channel was judged passable: the rover stayed"),
    "stopped": ("bad", "The rover stopped safely before the top"),
    "failed": ("bad", "The mission failed"),
    "interrupted": ("so-so", "The mission was interrupted"),
    UNFINISHED: ("so-so", "The mission did not come to its end"),
}


def write_report(run_folder: Path, world_folder: Path | None = None, budget: float | None = None) -> Path:
    """Write report.html and result.json into a run folder and return the page's path.

    Parts that are missing or broken are named in the page; nothing in the run's data can make this fail.

    Args:
        run_folder: as written by `wayscout.report.folder.RunFolder`.
        world_folder: for the orbital picture; its truth is not read. None for the
            copy in the run folder, or maps without it.
        budget: wall clock after which no further figure is begun [s]; None for no limit.

    Raises:
        InvalidInput: when the run folder does not exist.
        OSError: when it cannot be written to.
    """
    if not run_folder.is_dir():
        raise InvalidInput("run folder", str(run_folder), "an existing folder is needed")
    if world_folder is None and (run_folder / "world").is_dir():
        world_folder = run_folder / "world"
    record = read_run(run_folder)
    # The figures for programs first: they are quick, and a hurried end must not lose them.
    _replace(run_folder / "result.json", json.dumps(plain(result(record)), indent=1) + "\n")
    deadline = None if budget is None else time.monotonic() + budget
    page = _Page(record, deadline)
    target = run_folder / "report.html"
    _replace(target, page.render(world_folder))
    return target


class _Page:
    def __init__(self, record: RunRecord, deadline: float | None) -> None:
        self._record = record
        self._deadline = deadline
        self._summary = result(record)
        self._sites_found = recon.sites(record)

    def render(self, world: Path | None) -> str:
        record = self._record
        chart = maps.Chart()
        if self._in_time():
            chart = maps.load_chart(record.path, world)
            record.missing += chart.missing
        corridors = [c for c in record.mission.get("corridors", []) if isinstance(c, dict)]
        # in the order of what a hurried end should leave out last
        overview = [
            self._picture(
                lambda: maps.flights_map(record, chart),
                "Flights",
                "Flight tracks, picture positions (dots) and landings (triangles) over the orbital picture.",
            ),
            self._picture(
                lambda: maps.drive_map(record, chart),
                "Paths",
                "Best path through each channel (dashed) and the driven track over the helicopter's map.",
            ),
        ]
        profile = self._picture(
            lambda: charts.drive_profile(record),
            "The drive",
            "Over the distance driven; red dashes are the limits at which the rover stops.",
        )
        channels = [
            self._picture(
                lambda i=i: maps.channel_map(record, chart, i),  # type: ignore[misc]
                f"Channel {corridor.get('name')}",
                "Left or above: the orbital picture, all that was known before the flight. Beside it the "
                "helicopter's map, shaded relief under its pictures, with the hazards found in it.",
                narrow=True,
            )
            for i, corridor in enumerate(corridors)
        ]
        sections = [
            ("overview", "Where it went", f'<div class="pair">{"".join(overview)}</div>'),
            *self._campaign(),
            *self._sites(),
            *self._science(),
            ("decision", "The decision", tables.decision(record)),
            (
                "channels",
                "The channels",
                f'<div class="pair">{"".join(channels)}</div>'
                if channels
                else tables.gap("The run ended before the channels were known."),
            ),
            ("drive", "The drive", profile),
            ("flights", "Flight log", tables.flights(record)),
            *self._landings(),
            *self._link(),
            ("time", "Where the time went", tables.times(record)),
            ("notes", "Notes", tables.notes(record) + self._missing()),
        ]
        if record.campaign and not record.decisions:  # nobody had to choose or to drive
            sections = [s for s in sections if s[0] not in ("decision", "channels", "drive")]
        links = "".join(f'<a href="#{key}">{title}</a>' for key, title, _ in sections)
        body = "".join(f'<section id="{k}"><h2>{t}</h2>{content}</section>' for k, t, content in sections)
        return (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>Wayscout: {escape(str(self._summary['outcome']))}, "
            f"{escape(str(self._summary['world'] or 'unknown world'))}</title>"
            f"<style>{STYLE}</style></head><body>{self._head()}<main>{self._cards()}<nav>{links}</nav>{body}"
            "<footer>Wayscout. The same figures for programs are in result.json; the map's layers in map/, "
            "the track in trajectory.csv.</footer></main></body></html>\n"
        )

    def _science(self) -> list[tuple[str, str, str]]:
        content = science.section(self._record)
        return [("science", "Science targets", content)] if content else []

    def _landings(self) -> list[tuple[str, str, str]]:
        content = landing.section(self._record)
        return [("landings", "Landings", content)] if content else []

    def _campaign(self) -> list[tuple[str, str, str]]:
        content = campaign.section(self._record)
        return [("campaign", "The campaign", content)] if content else []

    def _head(self) -> str:
        s = self._summary
        kind, headline = _HEADLINES.get(str(s["outcome"]), ("so-so", "The mission ended"))
        where, when = escape(str(s["world"] or "unknown world")), escape(str(s["started"] or ""))
        return (
            f"<header><div><p>{where} · {when}</p>"
            f'<h1>{headline}</h1><p><span class="badge {kind}">{escape(str(s["outcome"]))}</span>'
            f"{escape(str(s['message']))}</p></div></header>"
        )

    def _cards(self) -> str:
        s: Entry = self._summary
        totals = s["flight_totals"]
        coverage = s["coverage"] or {}
        pairs = [
            ("channel", escape(str(s["channel"] or "none"))),
            ("driven", tables.value(s["distance_m"], "m", 0)),
            ("largest tilt", tables.value(s["max_tilt_deg"], "deg")),
            ("flights", str(totals["flights"])),
            ("flown", tables.value(totals["distance_m"], "m", 0)),
            ("pictures", str(totals["pictures"])),
        ]
        if coverage:
            mean = sum(coverage.values()) / len(coverage)
            pairs.append(("of the channels mapped", tables.value(100.0 * mean, "%", 0)))
        pairs += [
            ("wall clock", tables.duration(s["wall_s"])),
            ("simulated, resting left out", tables.duration(s["active_sim_s"])),
        ]
        return tables.cards(pairs)

    def _picture(self, draw: Callable[[], Figure], title: str, caption: str, *, narrow: bool = False) -> str:
        return self._inline(lambda: drawing.data_uri(draw()), title, caption, narrow=narrow)

    def _inline(self, make: Callable[[], str], title: str, caption: str, *, narrow: bool = False) -> str:
        """Return a figure with the data URI that `make` returns, or why there is none."""
        if not self._in_time():
            return tables.gap(f"{title}: not drawn, since the run had to end quickly.")
        try:
            uri = make()
        except (WayscoutError, ValueError, KeyError, TypeError, IndexError, AttributeError, OSError) as error:
            return tables.gap(
                f"{title}: {error if isinstance(error, WayscoutError) else f'no picture ({error!r})'}"
            )
        kind = ' class="narrow"' if narrow else ""
        label = f"<strong>{escape(title)}.</strong> {escape(caption)}"
        return (
            f'<figure><img{kind} alt="{escape(title)}" src="{uri}"><figcaption>{label}</figcaption></figure>'
        )

    def _link(self) -> list[tuple[str, str, str]]:
        if not self._record.link:
            return []
        chart = self._picture(
            lambda: link.chart(self._record),
            "The link",
            "What the radio could carry, and what waited for it.",
        )
        return [("link", "The radio link", link.words(self._record) + chart + link.earth(self._record))]

    def _sites(self) -> list[tuple[str, str, str]]:
        sections = []
        for index, site in enumerate(self._sites_found, 1):
            ground = self._picture(
                lambda site=site: recon.mosaic(site),  # type: ignore[misc]
                "From above",
                "Orthomosaic of the colour pictures, what was found outlined. The dashed circle is where it "
                "was thought to lie (two standard deviations), numbers are where pictures were taken, arrows "
                "where they look.",
            )
            sheet = self._inline(
                lambda site=site: recon.contact_sheet(site),  # type: ignore[misc]
                "The pictures",
                "In the order in which they were taken.",
            )
            title = f"What lies there: {escape(site.name)}"
            content = recon.words(site) + ground + sheet + recon.details(site)
            sections.append((f"site-{index}", title, content))
        return sections

    def _missing(self) -> str:
        if not self._record.missing:
            return ""
        items = "".join(f"<li>{escape(text)}</li>" for text in self._record.missing)
        return f'<h3>What this report had to do without</h3><div class="gap"><ul>{items}</ul></div>'

    def _in_time(self) -> bool:
        return self._deadline is None or time.monotonic() < self._deadline


def _replace(target: Path, text: str) -> None:
    draft = target.with_name(target.name + ".part")
    draft.write_text(text, encoding="utf-8")
    os.replace(draft, target)
