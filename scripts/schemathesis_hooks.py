"""What schemathesis can't know by itself: an archive in a request is bytes like others."""

import schemathesis

schemathesis.serializer.alias("application/zip", "application/octet-stream")
