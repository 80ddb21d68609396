"""Documents: issued once, never altered, handed out to whoever may see them, and the paper is real."""

from __future__ import annotations

import hashlib
import re

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError, ProgrammingError

from kernel.audit.models import AuditEntry
from kernel.errors import Conflict, NotFound
from kernel.ids import uuid7
from services.documents import typesetting
from services.documents.actions import issue, print_pdf
from services.documents.models import Document, Printing
from tests.services.doors import browser, person
from tests.services.flow import center, patient
from tests.services.till import charged, signed


@pytest.fixture(autouse=True)
def monday(smile, at):
    at("2026-12-14 16:00")
    return at


@pytest.fixture
def document(monday) -> Document:
    """The document of a receipt with arrears and change."""
    return charged(signed(patient("梁博")), tendered_fen=120_000, owed={"filling": 62_970}).document


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf))


@pytest.mark.ledger("CA-003")
def test_the_receipt_is_a_real_pdf_of_one_page_with_its_font_inside(document):
    pdf = print_pdf(by=person("fang.li"), document=document)

    assert pdf.startswith(b"%PDF-1.")
    assert pdf.rstrip().endswith(b"%%EOF")
    assert pages(pdf) == 1
    assert {b"NotoSansSC-Regular", b"NotoSansSC-Bold"} <= set(re.findall(rb"/FontName/[A-Z]{6}\+([\w-]+)", pdf))
    assert b"/CreationDate(D:20261214080000" in pdf, "the moment of issue, not of the machine"
    assert len(pdf) > 5_000


def test_the_stored_content_is_what_was_issued(document):
    kept = Document.objects.get(pk=document.pk)
    assert kept.content_hash == hashlib.sha256(kept.content.encode()).hexdigest()
    assert "壹仟零伍拾元零叁角整" in kept.content
    with connection.cursor() as cursor:
        cursor.execute("SELECT content::text FROM documents_document WHERE id = %s", [kept.pk])
        assert "梁博" not in cursor.fetchone()[0], "what it says is encrypted"


def test_nobody_changes_or_removes_what_was_issued(document):
    print_pdf(by=person("fang.li"), document=document)
    for change in (
        lambda: Document.objects.filter(pk=document.pk).update(number="C-0"),
        lambda: Document.objects.filter(pk=document.pk)._raw_delete("default"),
        lambda: Printing.objects.update(copy=9),
    ):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            change()
    again = {"kind": document.kind, "number": document.number, "site": document.site, "subject": patient("宋倩")}
    with pytest.raises(IntegrityError), transaction.atomic():
        issue(by=person("fang.li"), permission="cashier.view", template=document.template, content={}, **again)


def test_a_content_that_is_not_what_was_issued_is_not_printed(document):
    document.content = document.content.replace("1,050.30", "1.00")
    with pytest.raises(Conflict, match="document_altered"):
        print_pdf(by=person("fang.li"), document=document)
    assert not Printing.objects.exists()


def test_the_first_print_is_the_original_and_every_later_one_the_same_reprint(document, at):
    original = print_pdf(by=person("fang.li"), document=document)
    at("2026-12-20 09:00")
    second, third = (print_pdf(by=person("gao.wen"), document=document) for _ in range(2))

    assert second == third, "the same bytes, whoever prints and whenever"
    assert original != second
    assert list(Printing.objects.order_by("copy").values_list("copy", "printed_by")) == [
        (1, person("fang.li").code), (2, person("gao.wen").code), (3, person("gao.wen").code),
    ]  # fmt: skip


def test_the_download_is_authorised_audited_and_never_cached(document):
    url = f"/documents/{document.code}.pdf"
    answer = browser("fang.li").get(url)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/pdf"
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Disposition"] == f'inline; filename="receipt-{document.number}.pdf"'
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    entry = AuditEntry.objects.get(verb="read", target_code=document.code)
    assert (entry.purpose, entry.actor_name) == ("receipt", "fang.li")

    # A doctor may see receipts; the front desk may not; the other site looks like nothing; nobody signs in first.
    assert browser("dr.lin").get(url).status_code == 200
    assert browser("bai.lan").get(url).status_code == 404
    assert browser("luo.ping").get(url).status_code == 404
    assert browser(None).get(url).status_code == 302
    assert browser("fang.li").get(f"/documents/{uuid7()}.pdf").status_code == 404
    with pytest.raises(NotFound):
        print_pdf(by=person("bai.lan"), document=document)


def test_a_code_of_another_tenant_is_not_there(document, client_for):
    other = client_for("liu.yin", "willow").get(f"/documents/{document.code}.pdf")
    assert other.status_code == 404
    assert "梁博" not in other.content.decode()
    assert not Printing.objects.exists()


def test_without_the_font_nothing_is_printed(document, settings, tmp_path):
    settings.FONTS_DIR = tmp_path
    with pytest.raises(typesetting.FontsMissing):
        print_pdf(by=person("fang.li"), document=document)
    assert not Printing.objects.exists()


def test_a_template_that_no_room_has_is_named(monday):
    with pytest.raises(typesetting.TemplateMissing, match=r"cashier/nothing\.typ"):
        typesetting.template_path("cashier/nothing.typ")
    assert center()
