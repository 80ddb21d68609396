from django.urls import path

from services.corrections.web import views

app_name = "corrections"
urlpatterns = [
    path("", views.book, name="book"),
    path("book.xlsx", views.workbook_of_book, name="workbook"),
    path("receipts/<uuid:code>/", views.write, name="write"),
    path("<uuid:code>/", views.entry, name="entry"),
    path("<uuid:code>/verify/", views.verify, name="verify"),
    path("<uuid:code>/apply/", views.apply, name="apply"),
    path("<uuid:code>/acknowledge/", views.acknowledge, name="acknowledge"),
]
