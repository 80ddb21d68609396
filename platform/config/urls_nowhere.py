"""What a request finds that missed the tenant middleware: nothing."""

urlpatterns: list[object] = []
