"""What a report carries beside what happened: a number nobody else has, and the time of day."""

import secrets
import uuid

from trimast.edge import clock


class RealStamps:
    def report_uuid(self) -> bytes:
        return uuid.uuid4().bytes

    def token(self) -> str:
        return secrets.token_urlsafe(32)

    def wall_ms(self) -> int:
        return clock.wall_ms()
