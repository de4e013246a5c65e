"""Takes notifications as a duty desk does: webhooks, whose signature it checks, and mail.

receiver.py FILE    writes each note as a line of JSON into FILE; prints the two ports
Webhooks: /taken answers 204, /second_time fails the first attempt of each note, /refused answers 500, /silent never.
"""
import asyncio
import base64
import email
import email.policy
import hashlib
import hmac
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.smtp import SMTP

log = open(sys.argv[1], "a", buffering=1)
secret = os.environ["DUTY_SECRET"].encode()
seen = set()


class Desk(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        note, at = self.headers["webhook-id"], self.headers["webhook-timestamp"]
        signed = hmac.new(secret, f"{note}.{at}.".encode() + body, hashlib.sha256).digest()
        genuine = self.headers["webhook-signature"] == "v1," + base64.b64encode(signed).decode()
        fresh = abs(time.time() - int(at)) < 300
        if self.path == "/silent":
            time.sleep(60)
        fails = self.path == "/refused" or (self.path == "/second_time" and (self.path, note) not in seen)
        seen.add((self.path, note))
        taken = {"path": self.path, "id": note, "genuine": genuine, "fresh": fresh, "failed": fails, "body": json.loads(body)}
        log.write(json.dumps(taken) + "\n")
        self.send_response(500 if fails else 204)
        self.end_headers()

    def log_message(self, *_):
        pass


class Post:
    async def handle_DATA(self, server, session, envelope):
        letter = email.message_from_bytes(envelope.content, policy=email.policy.default)
        log.write(json.dumps({"to": envelope.rcpt_tos, "subject": letter["subject"], "text": letter.get_content()}) + "\n")
        return "250 OK"


desk = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
threading.Thread(target=desk.serve_forever, daemon=True).start()
loop = asyncio.new_event_loop()
post = loop.run_until_complete(loop.create_server(lambda: SMTP(Post(), loop=loop), "127.0.0.1", 0))
threading.Thread(target=loop.run_forever, daemon=True).start()
print(desk.server_port, post.sockets[0].getsockname()[1], flush=True)
sys.stdin.read()
