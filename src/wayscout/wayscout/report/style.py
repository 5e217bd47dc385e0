# Copyright 2026 The Wayscout authors
# SPDX-License-Identifier: Apache-2.0
"""The look of the page; inline, so that the report is one file."""

STYLE = """
:root { --ink: #2b2420; --soft: #7d6f64; --line: #e3d9ce; --paper: #fbf8f4; --card: #ffffff; --rust:
  #b4532a; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
header { background: linear-gradient(160deg, #3a241b, #8a4526 70%, #c07a4a); color: #fff; padding: 2.2rem
  0 4.2rem; }
main, header > div { max-width: 1180px; margin: 0 auto; padding: 0 1.4rem; }
h1 { margin: 0 0 .3rem; font-size: 1.9rem; letter-spacing: -.01em; }
header p { margin: .15rem 0; opacity: .88; max-width: 62rem; }
.badge { display: inline-block; padding: .12rem .75rem; border-radius: 1rem; font-weight: 600; font-size:
  .95rem;
  margin-right: .6rem; background: #fff; }
.good { color: #1d6b34; } .bad { color: #a51d1d; } .so-so { color: #8a5a00; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(112px, 1fr)); gap: .6rem;
  margin-top: -3rem; }
.cards.inline { margin: 0 0 .8rem; grid-template-columns: repeat(auto-fit, minmax(160px, 1fr)); }
.card { background: var(--card); border-radius: .6rem; padding: .7rem .75rem; box-shadow: 0 2px 10px
  #3a241b1f; }
.card b { display: block; font-size: 1.12rem; white-space: nowrap; line-height: 1.25;
  font-variant-numeric: tabular-nums; }
.card span { color: var(--soft); font-size: .82rem; }
nav { margin: 1.2rem 0 0; font-size: .88rem; } nav a { color: var(--rust); margin-right: 1.1rem;
  text-decoration: none; }
section { margin: 2.2rem 0; } h2 { font-size: 1.25rem; margin: 0 0 .7rem; border-bottom: 2px solid
  var(--line);
  padding-bottom: .3rem; } h3 { font-size: 1rem; margin: 1rem 0 .4rem; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(420px, 1fr)); gap: 1.2rem;
  align-items: start; }
figure { margin: 0; } figure img { width: 100%; height: auto; display: block; border-radius: .4rem; }
figure img.narrow { width: auto; max-width: 100%; margin: 0 auto; }
figcaption { color: var(--soft); font-size: .84rem; margin-top: .3rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .34rem .6rem; border-bottom: 1px solid var(--line); white-space:
  nowrap; }
th:first-child, td:first-child, td.text, th.text { text-align: left; } td.text { white-space: normal; }
thead th { color: var(--soft); font-weight: 600; font-size: .8rem; } tfoot td { font-weight: 600; border:
  0; }
td.chosen, th.chosen { background: #f6e9dc; }
.chance { display: inline-block; width: 90px; height: .55rem; background: var(--line); border-radius: .3rem;
  overflow: hidden; margin-right: .5rem; vertical-align: middle; }
.chance i { display: block; height: 100%; background: var(--rust); }
ul { margin: .4rem 0; padding-left: 1.2rem; } li { margin: .15rem 0; }
.bar { display: flex; height: 1.6rem; border-radius: .4rem; overflow: hidden; margin: .3rem 0 .5rem; }
.bar i { display: block; min-width: 1px; }
.key { display: inline-block; width: .8rem; height: .8rem; border-radius: .2rem; margin-right: .45rem;
  vertical-align: -.08rem; }
.gap { background: #f3ece3; border-left: 4px solid #d9b98f; padding: .6rem .9rem; border-radius: .3rem;
  color: #6b5a48; }
.notes { list-style: none; padding: 0; font-size: .88rem; } .notes li { display: flex; gap: .8rem;
  padding: .18rem 0;
  border-bottom: 1px solid var(--line); } .notes time { color: var(--soft); flex: 0 0 4.6rem; text-align:
  right;
  font-variant-numeric: tabular-nums; } .warning { color: #8a5a00; } .error { color: #a51d1d; }
footer { color: var(--soft); font-size: .8rem; margin: 2.5rem 0 2rem; }
@media print { nav { display: none; } section { break-inside: avoid; } header { color: var(--ink);
  background: none;
  padding-bottom: 1rem; } .cards { margin-top: 0; } }
"""

PHASES = {
    "waiting": "#b9aea4",
    "planning": "#d9a441",
    "flight": "#00838f",
    "mapping": "#8e5aa8",
    "recharging": "#c9d17c",
    "driving": "#c2185b",
    "reporting": "#6d8a96",
}
"""Colour of each phase in the time bar."""
