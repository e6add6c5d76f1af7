// Run by tests in a process of its own: fetches the files of a repository that is given as JSON.
import type { Repository } from "../../src/hub/client.ts";
import type { HubSettings } from "../../src/hub/environment.ts";
import { fetchFiles } from "../../src/hub/fetch-files.ts";
import { HubTransport } from "../../src/hub/transport.ts";

const { settings, repository } = JSON.parse(process.argv[2] ?? "") as {
  settings: HubSettings;
  repository: Repository;
};
await fetchFiles(new HubTransport(settings), [{ repository, files: repository.files }]);
