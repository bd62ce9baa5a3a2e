// The program that the project's own Python runs with `manage.py shell`, the same for all projects. It reads settings and
// models, opens no connection and writes nothing but one line of JSON behind a mark. Everything is in one function, because
// older shells run it without globals and newer ones put the project's models among the names.

/** Variables that carry what the program must know; nothing is put into its text. */
export const programVariables = {
  mark: 'DMS_BACKUP_MARK',
  alias: 'DMS_BACKUP_ALIAS',
  wish: 'DMS_BACKUP_WISH',
} as const;

/**
 * Wish `facts`: everything but the password. Wish `password`: only the password. Options of DATABASES are printed by name,
 * never as a whole: they may hold a password, too.
 */
export const manageProgram = `
def dms_backup():
    import json, os, sys
    from django import get_version
    from django.apps import apps
    from django.conf import settings
    from django.core.files.storage import FileSystemStorage
    from django.db import models, router

    alias = os.environ["${programVariables.alias}"]
    database = settings.DATABASES.get(alias) or {}
    options = database.get("OPTIONS") or {}

    def text(value):
        return "" if value is None else str(value)

    def answer(value):
        line = os.environ["${programVariables.mark}"] + json.dumps(value)
        sys.stdout.write("\\n" + line + "\\n")
        sys.stdout.flush()

    if os.environ["${programVariables.wish}"] == "password":
        stated = database.get("PASSWORD") or options.get("password") or options.get("passwd")
        return answer({"password": stated if isinstance(stated, str) else ""})

    def database_options():
        known = ("sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "service", "passfile",
                 "options", "unix_socket", "read_default_file", "ssl_mode")
        found = {key: text(options[key]) for key in known if options.get(key)}
        ssl = options.get("ssl")
        for key in ("ca", "cert", "key") if isinstance(ssl, dict) else ():
            if ssl.get(key):
                found["ssl_" + key] = text(ssl[key])
        return found

    def project_version():
        top = text(os.environ.get("DJANGO_SETTINGS_MODULE")).split(".")[0]
        try:
            from importlib import metadata
            names = metadata.packages_distributions().get(top) or [top]
            return metadata.version(names[0])
        except Exception:
            found = getattr(sys.modules.get(top), "__version__", None)
            return found if isinstance(found, str) else ""

    def title_of(fields):
        for name in ("title", "name"):
            for field in fields:
                if field.name == name and isinstance(field, (models.CharField, models.TextField)):
                    return field.column
        return ""

    def files():
        for model in apps.get_models(include_auto_created=True):
            meta = model._meta
            if meta.proxy or meta.swapped or not router.allow_migrate_model(alias, model):
                continue
            for field in meta.local_concrete_fields:
                if not isinstance(field, models.FileField):
                    continue
                storage = field.storage
                on_disk = isinstance(storage, FileSystemStorage)
                yield {
                    "table": meta.db_table,
                    "column": field.column,
                    "title": title_of(meta.local_concrete_fields),
                    "location": text(storage.location) if on_disk else "",
                    "storage": storage.__class__.__module__ + "." + storage.__class__.__qualname__,
                    "bucket": "" if on_disk else text(getattr(storage, "bucket_name", "")),
                }

    answer({
        "database": {
            "engine": text(database.get("ENGINE")),
            "name": text(database.get("NAME")),
            "user": text(database.get("USER")),
            "host": text(database.get("HOST")),
            "port": text(database.get("PORT")),
            "options": database_options(),
        },
        "otherDatabases": sorted(name for name in settings.DATABASES if name != alias),
        "mediaRoot": text(settings.MEDIA_ROOT),
        "settingsModule": text(os.environ.get("DJANGO_SETTINGS_MODULE")),
        "djangoVersion": get_version(),
        "projectVersion": project_version(),
        "installedApps": [text(app) for app in settings.INSTALLED_APPS],
        "fixtureDirectories": [text(each) for each in settings.FIXTURE_DIRS],
        "files": list(files()),
    })


dms_backup()
`;
