"""Pages of the frame itself; mounted at the root of every host."""

from django.urls import path

from kernel.web import gallery, pages

app_name = "web"

urlpatterns = [
    path("", pages.home, name="home"),
    path("language/", pages.language, name="language"),
    path("site/", pages.site, name="site"),
    path("_gallery/", gallery.show, name="gallery"),
    path("_gallery/refused/", gallery.refused, name="gallery-refused"),
    path("_gallery/live/", gallery.live, name="gallery-live"),
    path("_gallery/toast/", gallery.toasted, name="gallery-toast"),
    path("_gallery/phone/", gallery.phone, name="gallery-phone"),
]
