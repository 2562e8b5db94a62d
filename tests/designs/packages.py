"""3MF packages, honest and not, written as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tests.content.zips import Packed, zipped
from tests.designs.samples import Triangle

CORE = "http://schemas.microsoft.com/3dmanufacturing/core/2015/02"
PRODUCTION = "http://schemas.microsoft.com/3dmanufacturing/production/2015/06"
RELATIONSHIPS = """<?xml version="1.0" encoding="UTF-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
 <Relationship Target="/3D/3dmodel.model" Id="rel0"
  Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/>
</Relationships>"""
TYPES = """<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
 <Default Extension="rels"
  ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
 <Default Extension="model"
  ContentType="application/vnd.ms-package.3dmanufacturing-3dmodel+xml"/>
</Types>"""
MOVED = "1 0 0 0 1 0 0 0 1 {} {} {}"


def mesh(triangles: Iterable[Triangle]) -> str:
    """Return a mesh whose corners are shared wherever they are the same."""
    each = list(triangles)
    corners = list(dict.fromkeys(corner for triangle in each for corner in triangle))
    number = {corner: index for index, corner in enumerate(corners)}
    lines = [f'<vertex x="{x}" y="{y}" z="{z}"/>' for x, y, z in corners]
    lines += ["</vertices><triangles>"]
    for a, b, c in each:
        v1, v2, v3 = number[a], number[b], number[c]
        lines.append(f'<triangle v1="{v1}" v2="{v2}" v3="{v3}"/>')
    return "<mesh><vertices>" + "\n".join(lines) + "</triangles></mesh>"


def thing(number: int, inside: str, more: str = "") -> str:
    """Return an object."""
    return f'<object id="{number}" {more}>{inside}</object>'


def component(number: int, transform: str | None = None, more: str = "") -> str:
    """Return a component of an object; put several in `components`."""
    moved = "" if transform is None else f' transform="{transform}"'
    return f'<component objectid="{number}"{moved} {more}/>'


def components(*each: str) -> str:
    return f"<components>{''.join(each)}</components>"


def item(number: int, transform: str | None = None, more: str = "") -> str:
    """Return an item of the build."""
    return component(number, transform, more).replace("<component", "<item")


def model(
    objects: str,
    items: str = "",
    *,
    unit: str = "millimeter",
    more: str = "",
    head: str = "",
) -> str:
    """Return a model part."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n{head}<model unit="{unit}" '
        f'xmlns="{CORE}" xmlns:p="{PRODUCTION}" {more}><metadata name="Title">A hook'
        f"</metadata><metadata name='LicenseTerms'>CC-BY-4.0, Ada &amp; Ben</metadata>"
        f"<resources>{objects}</resources><build>{items}</build></model>"
    )


def package(root: str | bytes, others: Mapping[str, str] | None = None) -> bytes:
    """Return the 3MF file of a root model, and of other parts by path."""
    given = root.encode() if isinstance(root, str) else root
    return zipped(
        [
            Packed(b"[Content_Types].xml", TYPES.encode()),
            Packed(b"_rels/.rels", RELATIONSHIPS.encode()),
            Packed(b"3D/3dmodel.model", given),
            *(
                Packed(path.encode(), text.encode())
                for path, text in (others or {}).items()
            ),
        ]
    )
