"""A real S3 server over loopback (moto's), which checks signatures, and Quiver servers that end with their test."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass

import boto3
import pytest
from botocore.config import Config

from quiver_server import QuiverServer, free_port

BUCKET = "backups"


@dataclass
class S3:
    endpoint: str
    access_key: str
    secret_key: str

    @property
    def client(self):
        return boto3.client(
            "s3", endpoint_url=self.endpoint, region_name="us-east-1", aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key, config=Config(s3={"addressing_style": "path"}, proxies={}))

    @property
    def environment(self):
        return {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key,
                "AWS_ENDPOINT_URL_S3": self.endpoint, "AWS_REGION": "us-east-1"}

    def keys(self, prefix=""):
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return {item["Key"]: item["Size"] for page in pages for item in page.get("Contents", [])}


@pytest.fixture(scope="module")
def s3(tmp_path_factory):
    port = free_port()
    log = tmp_path_factory.mktemp("moto") / "log"
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    # The first four actions make a user with a key; from then on every signature is checked.
    environment |= {"INITIAL_NO_AUTH_ACTION_COUNT": "4", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    with open(log, "ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], env=environment,
            stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    endpoint = f"http://127.0.0.1:{port}"
    try:
        iam = boto3.client("iam", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="x",
                           aws_secret_access_key="x", config=Config(proxies={}, retries={"max_attempts": 0}))
        for _ in range(150):
            try:
                iam.create_user(UserName="quiver")
                break
            except Exception:  # noqa: BLE001 - not up yet
                assert process.poll() is None, log.read_text()
                time.sleep(0.2)
        key = iam.create_access_key(UserName="quiver")["AccessKey"]
        iam.put_user_policy(
            UserName="quiver", PolicyName="all",
            PolicyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}')
        server = S3(endpoint, key["AccessKeyId"], key["SecretAccessKey"])
        # The fourth.
        iam.list_users()
        server.client.create_bucket(Bucket=BUCKET)
        yield server
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def make_server():
    made = []

    def make(storage, environment=None):
        made.append(QuiverServer(storage, environment))
        return made[-1]

    yield make
    for server in made:
        server.kill()
