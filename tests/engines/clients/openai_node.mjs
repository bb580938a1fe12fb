// What the official openai-node is to find at the gateway:
//
//     node openai_node.mjs BASE_URL KEY PACKAGES
//
// PACKAGES is the folder whose node_modules has it. Prints one JSON object: each check, and what was wrong.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [baseURL, apiKey, packages] = process.argv.slice(2);
const require = createRequire(pathToFileURL(`${packages}/package.json`));
const { default: OpenAI } = await import(pathToFileURL(require.resolve("openai")));
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const model = "tiny";
const messages = [{ role: "user", content: "what is counted for every call?" }];

const checks = {
  async chat() {
    const { data, request_id } = await client.chat.completions
      .create({ model, messages, max_tokens: 8 })
      .withResponse();
    assert.equal(data.choices[0].message.role, "assistant");
    assert.ok(data.usage.completion_tokens > 0 && request_id);
  },
  async stream_with_usage() {
    const stream = await client.chat.completions.create({
      model,
      messages,
      max_tokens: 8,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = "";
    let usage = null;
    for await (const part of stream) {
      text += part.choices[0]?.delta?.content ?? "";
      usage = part.usage ?? usage;
    }
    assert.ok(text.length > 0 && usage.completion_tokens > 0);
  },
  async a_stream_that_is_left() {
    const stream = await client.chat.completions.create({ model, messages, stream: true });
    for await (const part of stream) {
      assert.ok(part.id);
      break;
    }
    stream.controller.abort();
    // The gateway goes on for others.
    await client.chat.completions.create({ model, messages, max_tokens: 1 });
  },
  async embeddings() {
    const answer = await client.embeddings.create({ model: "tiny-embed", input: ["wind", "river"] });
    assert.equal(answer.data.length, 2);
    assert.ok(answer.data[0].embedding.every(Number.isFinite));
  },
  async responses() {
    const answer = await client.responses.create({ model, input: "what?", max_output_tokens: 8 });
    assert.equal(answer.object, "response");
    assert.ok(answer.output_text.length > 0);
  },
  async models() {
    const names = [];
    for await (const one of client.models.list()) names.push(one.id);
    assert.ok(names.includes(model));
    assert.equal((await client.models.retrieve(model)).id, model);
  },
  async unknown_model() {
    await assert.rejects(
      client.chat.completions.create({ model: "none-such", messages }),
      (error) => error instanceof OpenAI.NotFoundError && error.code === "model_not_found",
    );
  },
  async bad_key() {
    const wrong = new OpenAI({ baseURL, apiKey: "sk-allod-wrong", maxRetries: 0 });
    await assert.rejects(wrong.models.list(), OpenAI.AuthenticationError);
  },
  async files() {
    const file = await OpenAI.toFile(Buffer.from('{"custom_id":"a"}\n'), "in.jsonl");
    const kept = await client.files.create({ file, purpose: "batch" });
    const content = await (await client.files.content(kept.id)).text();
    assert.equal(content, '{"custom_id":"a"}\n');
    assert.ok((await client.files.delete(kept.id)).deleted);
  },
};

const found = {};
for (const [name, check] of Object.entries(checks)) {
  try {
    await check();
    found[name] = "";
  } catch (error) {
    found[name] = String(error?.stack ?? error);
  }
}
console.log(JSON.stringify(found));
