from django.urls import path

from services.sterilisation.web import packs, views

app_name = "sterilisation"
urlpatterns = [
    path("", views.log, name="log"),
    path("new/", views.new, name="new"),
    path("stock/", views.stock, name="stock"),
    path("sterilisers/<uuid:code>/in-use/", views.steriliser_in_use, name="steriliser-in-use"),
    path("sets/<uuid:code>/in-use/", views.set_in_use, name="set-in-use"),
    path("loads/<uuid:code>/", views.load, name="load"),
    path("loads/<uuid:code>/labels/", views.labels, name="labels"),
    path("loads/<uuid:code>/start/", views.start, name="start"),
    path("loads/<uuid:code>/result/", views.result, name="result"),
    path("loads/<uuid:code>/biological/", views.biological, name="biological"),
    path("loads/<uuid:code>/release/", views.release, name="release"),
    path("loads/<uuid:code>/cancel/", views.cancel, name="cancel"),
    path("loads/<uuid:code>/reprocess/", views.reprocess, name="reprocess"),
    path("scan/", packs.scan, name="scan"),
    path("packs/<uuid:code>/", packs.pack, name="pack"),
    path("packs/<uuid:code>/use/", packs.use, name="use"),
    path("packs/<uuid:code>/return/", packs.put_back, name="return"),
    path("visits/<uuid:code>/", packs.of_visit, name="of-visit"),
]
