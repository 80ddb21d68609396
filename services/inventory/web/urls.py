from django.urls import path

from services.inventory.web import papers, views

app_name = "inventory"
urlpatterns = [
    path("", views.stock, name="stock"),
    path("stock.xlsx", views.workbook, name="workbook"),
    path("items/<uuid:code>/", views.item, name="item"),
    path("lots/<uuid:code>/", views.lot, name="lot"),
    path("receive/", views.receive, name="receive"),
    path("requisitions/", views.requisitions, name="requisitions"),
    path("requisitions/<uuid:code>/", views.requisition, name="requisition"),
    path("kit/", views.kit_page, name="kit"),
    path("counts/", papers.counts, name="counts"),
    path("counts/<uuid:code>/", papers.count, name="count"),
    path("counts/<uuid:code>/sheet.xlsx", papers.count_workbook, name="count-workbook"),
    path("expiry/", papers.checks, name="checks"),
    path("expiry/<uuid:code>/", papers.expiry_check, name="expiry"),
    path("scraps/<uuid:code>/", papers.scrap, name="scrap"),
    path("scraps.xlsx", papers.scrap_workbook, name="scrap-workbook"),
    path("packs/", papers.packs_page, name="packs"),
    path("packs/<uuid:code>/", papers.pack, name="pack"),
    path("packs/<uuid:code>/<str:kind>.xlsx", papers.pack_workbook, name="pack-workbook"),
]
