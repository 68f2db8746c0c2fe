import { expect, type Locator, type Page } from '@playwright/test';
import { hydrated, type Person } from './test';

/** The lab as a person sees it: chat beside canvas, or on a narrow screen one of them at a time. */
export class Lab {
  readonly chat: Locator;
  readonly canvas: Locator;
  readonly blocks: Locator;

  constructor(
    readonly page: Page,
    readonly person: Person,
    private readonly narrow: boolean,
  ) {
    this.chat = page.locator('.workspace-chat');
    this.canvas = page.locator('.canvas');
    this.blocks = page.locator('.node[data-kind="block"]');
  }

  async open(): Promise<this> {
    await this.page.goto(`/${this.person.org}/lab`);
    await this.ready();
    return this;
  }

  /** Waits until the page answers clicks. */
  async ready(): Promise<void> {
    await hydrated(this.page);
    await expect(this.page.locator('.canvas[data-ready]')).toBeAttached();
  }

  async showChat(): Promise<void> {
    if (this.narrow) await this.page.getByRole('tab', { name: 'Chat' }).click();
  }

  async showCanvas(): Promise<void> {
    if (this.narrow) await this.page.getByRole('tab', { name: 'Canvas' }).click();
    await expect(this.canvas).toBeVisible();
  }

  /** Draws everything: nodes off the screen are not in the page. */
  async fit(): Promise<void> {
    await this.canvas.focus();
    await this.page.keyboard.press('1');
  }

  async say(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.page.keyboard.press('Enter');
  }

  get composer(): Locator {
    return this.chat.locator('.composer textarea');
  }

  get stop(): Locator {
    return this.chat.locator('.composer').getByRole('button', { name: 'Stop' });
  }

  /** Tool calls in the chat. */
  get calls(): Locator {
    return this.chat.locator('.call');
  }

  get connection(): Locator {
    return this.page.locator('.connection');
  }

  /** Waits until a run has begun and ended. */
  async settled(timeout = 45_000): Promise<void> {
    await expect(this.stop).toBeHidden({ timeout });
    await expect(this.chat.locator('.chat-working')).toBeHidden({ timeout });
  }

  block(title: string): Locator {
    return this.page.locator('.node[data-kind="block"]', { has: this.page.locator('.node-title', { hasText: title }) });
  }

  /** The project that the lab shows. */
  async project(): Promise<string> {
    return (await this.api('GET', '/projects')).items[0].id;
  }

  /** A block of the person's own, through the API. */
  async put(title: string, content: unknown, position?: { x: number; y: number; width: number; height: number }): Promise<any> {
    return this.api('POST', `/projects/${await this.project()}/blocks`, { title, content, position });
  }

  note(title: string, at: { x: number; y: number }, text = `The text of ${title}.`): Promise<any> {
    return this.put(title, { kind: 'data', data: { type: 'markdown', text } }, { ...at, width: 300, height: 200 });
  }

  /** A call of the JSON API as the person who is signed in. */
  async api(method: string, path: string, data?: unknown): Promise<any> {
    const { origin } = new URL(this.page.url());
    const answer = await this.page.request.fetch(`${origin}/api/v1${path}`, {
      method,
      data,
      headers: { origin, 'sec-fetch-site': 'same-origin' },
    });
    const text = await answer.text();
    expect(answer.ok(), `${method} ${path}: ${answer.status()} ${text}`).toBe(true);
    return text ? JSON.parse(text).data : undefined;
  }

  /** The durable events of the project's newest session. */
  async events(): Promise<any[]> {
    const sessions = await this.api('GET', `/sessions?projectId=${await this.project()}`);
    const events = await this.api('GET', `/sessions/${sessions.items[0].id}/events?limit=500`);
    return events.items;
  }
}
