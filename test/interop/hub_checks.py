"""Uses Python's own client on the Hub at HF_ENDPOINT, which test/interop/hub-client.test.ts started; prints what it saw as JSON."""

import hashlib
import json
import os
import sys

from huggingface_hub import HfApi, hf_hub_download, snapshot_download
from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError


def refused(kind, call):
    try:
        call()
    except kind:
        return True
    return False


def digests(folder):
    found = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, folder).replace(os.sep, "/")] = hashlib.sha256(file.read()).hexdigest()
    return found


def download(cache):
    """A listing over several pages, a snapshot, and the three refusals."""
    api = HfApi()
    files = [item for item in api.list_repo_tree("org/model", recursive=True) if hasattr(item, "size")]
    return {
        "sha": api.model_info("org/model").sha,
        "sizes": {file.path: file.size for file in files},
        "lfs": {file.path: file.lfs.sha256 for file in files if file.lfs},
        "digests": digests(snapshot_download("org/model", cache_dir=cache)),
        "refused": [
            refused(GatedRepoError, lambda: hf_hub_download("org/gated", "config.json", cache_dir=cache)),
            refused(RepositoryNotFoundError, lambda: api.model_info("org/none")),
            refused(RevisionNotFoundError, lambda: api.model_info("org/model", revision="none")),
        ],
    }


def upload(folder):
    """A new repository, files in one commit, and the same again as a pull request."""
    api = HfApi(token="hf_writer")
    api.create_repo("tester/python")
    commit = api.upload_folder(repo_id="tester/python", folder_path=folder)
    request = api.upload_folder(repo_id="tester/python", folder_path=folder, create_pr=True)
    return {"oid": commit.oid, "pull_request": request.pr_url}


def fetch(cache):
    """What Stockpot pushed."""
    return digests(snapshot_download("tester/pushed", cache_dir=cache))


if __name__ == "__main__":
    print(json.dumps({"download": download, "upload": upload, "fetch": fetch}[sys.argv[1]](sys.argv[2])))
