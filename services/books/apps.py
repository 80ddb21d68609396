from kernel.registry import RoomConfig


class BooksConfig(RoomConfig):
    name = "services.books"
    label = "books"
