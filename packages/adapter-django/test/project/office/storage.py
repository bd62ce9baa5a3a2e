from django.conf import settings
from django.core.files.storage import FileSystemStorage, Storage
from django.utils.deconstruct import deconstructible


@deconstructible
class BucketStorage(Storage):
    """Stands for the storages of buckets: it has no directory."""

    bucket_name = "exports"


def private_storage():
    return FileSystemStorage(location=settings.BASE_DIR / "private")


def scan_storage():
    return FileSystemStorage(location=settings.MEDIA_ROOT / "scans")
