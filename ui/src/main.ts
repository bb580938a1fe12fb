import "./styles/base.css";

import { mount } from "svelte";

import App from "./App.svelte";
import { follow } from "./api/live.ts";
import { begin as beginTheme } from "./lib/theme.ts";
import { texts } from "./lib/texts.svelte.ts";

beginTheme();
await texts.begin();
mount(App, { target: document.getElementById("app")! });
void follow();
