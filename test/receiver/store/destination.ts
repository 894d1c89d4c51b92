import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export type Answer = (response: ServerResponse, arrive: () => void) => void;

/** Where deliveries arrive. It answers a question about one by whether it has arrived. */
export class Destination {
  readonly arrivals: string[] = [];
  answer: Answer;
  #url = '';

  constructor(answer: Answer) {
    this.answer = answer;
  }

  get url(): string {
    return this.#url;
  }

  async listen(): Promise<this> {
    const server = createServer((request, response) => {
      const id = request.url?.slice(1) ?? '';
      if (request.method === 'GET') response.writeHead(this.arrivals.includes(id) ? 200 : 404).end();
      else this.answer(response, () => this.arrivals.push(id));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    this.#url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return this;
  }
}

export const take: Answer = (response, arrive) => {
  arrive();
  response.writeHead(204).end();
};

/** Takes most deliveries after a moment, refuses some, and takes some without an answer. */
export const moody: Answer = (response, arrive) => {
  const mood = Math.random();
  setTimeout(() => {
    if (mood < 0.1) return response.writeHead(503).end();
    arrive();
    if (mood < 0.2) return response.destroy();
    return response.writeHead(204).end();
  }, Math.random() * 8);
};
