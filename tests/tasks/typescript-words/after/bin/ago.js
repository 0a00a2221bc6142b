#!/usr/bin/env node
import { ago } from "../build/src/ago.js";

console.log(ago(Number(process.argv[2])));
