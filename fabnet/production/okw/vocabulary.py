"""OKW's words for processes and materials: addresses of articles in Wikipedia.

Two of the standard's own are not what they seem: its "PCBs" is a poison and its
"Acrylic" a page of several meanings, so ours lead to circuit boards and to the plastic.
What has no article here stays our token: a reader can still see it.
"""

from __future__ import annotations

from typing import Final

from fabnet.designs.vocabulary import PROCESSES

Value = None | bool | int | float | str | list["Value"] | dict[str, "Value"]
"""JSON that nobody signs, so that it may hold decimals."""

WIKI: Final = "https://en.wikipedia.org/wiki/"

_PROCESSES: Final = {
    "3d-printing": "3D_printing",
    "3d-printing.fdm": "Fused_filament_fabrication",
    "3d-printing.sla": "Stereolithography",
    "3d-printing.sls": "Selective_laser_sintering",
    "3d-printing.mjf": "Multi_Jet_Fusion",
    "3d-printing.dmls": "Selective_laser_melting",
    "laser-cutting": "Laser_cutting",
    "cnc-milling": "Milling_(machining)",
    "cutting": "Cutting",
    "sheet-metal": "Sheet_metal",
    "pcb-fabrication": "Printed_circuit_board",
    "electronics-assembly": "Soldering",
    "welding": "Welding",
    "assembly": "Assembly_line",
    "assembly.mechanical": "Assembly_line",
    "finishing": "Surface_finishing",
}
_MATERIALS: Final = {
    "pla": "Polylactic_acid",
    "abs": "Acrylonitrile_butadiene_styrene",
    "asa": "Acrylonitrile_styrene_acrylate",
    "pet": "Polyethylene_terephthalate",
    "tpu": "Thermoplastic_polyurethane",
    "nylon": "Nylon",
    "polycarbonate": "Polycarbonate",
    "polypropylene": "Polypropylene",
    "hdpe": "High-density_polyethylene",
    "pvc": "Polyvinyl_chloride",
    "resin": "Resin",
    "acrylic": "Poly(methyl_methacrylate)",
    "silicone": "Silicone",
    "natural-rubber": "Natural_rubber",
    "plywood": "Plywood",
    "mdf": "Medium-density_fibreboard",
    "softwood": "Softwood",
    "hardwood": "Hardwood",
    "cork": "Cork_(material)",
    "cardboard": "Cardboard",
    "paper": "Paper",
    "leather": "Leather",
    "textile": "Textile",
    "felt": "Felt",
    "aluminium": "Aluminium",
    "steel": "Steel",
    "stainless-steel": "Stainless_steel",
    "brass": "Brass",
    "copper": "Copper",
    "glass": "Glass",
    "fr4": "FR-4",
}
_BY_HAND: Final = frozenset(it.token for it in PROCESSES if not it.shaped)


def process_url(token: str) -> str:
    """Return what OKW calls a process; one of a kind we do not know is of its kind."""
    article = _PROCESSES.get(token) or _PROCESSES.get(token.partition(".")[0])
    return WIKI + article if article else token


def material_url(token: str) -> str:
    """Return what OKW calls a material, or our token for one without an article."""
    return WIKI + _MATERIALS[token] if token in _MATERIALS else token


def is_by_hand(process: str) -> bool:
    """Whether people do it at a bench, whose size says nothing."""
    return process in _BY_HAND
