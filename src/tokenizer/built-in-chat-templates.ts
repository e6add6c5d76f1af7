/**
 * Jinja for published prompt formats: Stanford Alpaca, OpenAI's ChatML, EXAONE 3, Llama 3, and Mistral's instruct format
 * from version 2 on (a system prompt stands in front of the last question).
 */
const ALPACA = String.raw`
{%- set preamble = namespace(text="Below is an instruction that describes a task. Write a response that appropriately completes the request.") %}
{%- for message in messages if message["role"] == "system" %}
    {%- set preamble.text = message["content"] %}
{%- endfor %}
{{- bos_token }}
{{- preamble.text + "\n\n" }}
{%- for message in messages %}
    {%- if message["role"] == "user" %}
        {{- "### Instruction:\n" + message["content"] + "\n\n" }}
    {%- elif message["role"] == "assistant" %}
        {{- "### Response:\n" + message["content"] }}
        {{- eos_token }}
        {{- "\n\n" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- "### Response:\n" }}
{%- endif %}`;

const CHATML = String.raw`
{%- for message in messages %}
    {{- "<|im_start|>" + message["role"] + "\n" + message["content"] + "<|im_end|>\n" }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- "<|im_start|>assistant\n" }}
{%- endif %}`;

const EXAONE = String.raw`
{%- for message in messages %}
    {%- if loop.first and message["role"] != "system" %}
        {{- "[|system|][|endofturn|]\n" }}
    {%- endif %}
    {{- "[|" + message["role"] + "|]" + message["content"] }}
    {{- "\n" if message["role"] == "user" else "[|endofturn|]\n" }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- "[|assistant|]" }}
{%- endif %}`;

const LLAMA3 = String.raw`
{{- bos_token }}
{%- for message in messages %}
    {{- "<|start_header_id|>" + message["role"] + "<|end_header_id|>\n\n" }}
    {{- (message["content"] | trim) + "<|eot_id|>" }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- "<|start_header_id|>assistant<|end_header_id|>\n\n" }}
{%- endif %}`;

const MISTRAL = String.raw`
{{- bos_token }}
{%- set prompt = namespace(system="", last=-1) %}
{%- for message in messages %}
    {%- if message["role"] == "system" %}
        {%- set prompt.system = message["content"] + "\n\n" %}
    {%- elif message["role"] == "user" %}
        {%- set prompt.last = loop.index0 %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message["role"] == "user" %}
        {{- "[INST] " + (prompt.system if loop.index0 == prompt.last else "") + message["content"] + "[/INST]" }}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"] }}
        {{- eos_token }}
    {%- endif %}
{%- endfor %}`;

/** Templates that a recipe can name. */
export const BUILT_IN_CHAT_TEMPLATES: ReadonlyMap<string, string> = new Map(
  Object.entries({ alpaca: ALPACA, chatml: CHATML, exaone: EXAONE, llama3: LLAMA3, mistral: MISTRAL }).map(
    ([name, template]) => [name, template.trim()],
  ),
);
