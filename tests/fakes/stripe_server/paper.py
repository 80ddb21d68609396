"""A one-page PDF of an invoice, written by hand: Latin text in a standard font, no library."""

from __future__ import annotations

from stripe_server.moments import date_text
from stripe_server.store import Row


def pdf(invoice: Row) -> bytes:
    """The document. Characters outside Latin-1 are shown as a question mark."""
    rows = [
        (50, 780, 18, f"Invoice {invoice['number']}"),
        (50, 755, 10, f"Bill to: {invoice['customer_name'] or invoice['customer_email'] or invoice['customer']}"),
        (
            50,
            740,
            10,
            f"Date: {date_text(invoice['effective_at'] or invoice['created'])}   Status: {invoice['status']}",
        ),
    ]
    y = 705
    for line in invoice["lines"]["data"][:30]:
        period = f"{date_text(line['period']['start'])} - {date_text(line['period']['end'])}"
        rows += [(50, y, 10, f"{line['description']}"[:70]), (330, y, 9, period), (490, y, 10, _money(line["amount"]))]
        y -= 18
    rows += [(330, y - 14, 12, "Total"), (490, y - 14, 12, _money(invoice["total"]))]
    rows += [(330, y - 32, 12, "Amount due"), (490, y - 32, 12, _money(invoice["amount_remaining"]))]
    drawn = "\n".join(f"BT /F1 {size} Tf {x} {y} Td ({_escape(words)}) Tj ET" for x, y, size, words in rows)
    return _document(drawn.encode("latin-1", "replace"))


def _money(amount: int) -> str:
    return f"CNY {amount / 100:,.2f}"


def _escape(words: str) -> str:
    return words.replace("×", "x").replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _document(content: bytes) -> bytes:
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources 6 0 R >>",
        b"<< /Length " + str(len(content)).encode() + b" >>\nstream\n" + content + b"\nendstream",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Font << /F1 5 0 R >> >>",
    ]
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{offset:010d} 00000 n \n".encode() for offset in offsets)
    out += f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)
