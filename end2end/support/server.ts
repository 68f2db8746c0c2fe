import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** The real binary with a data directory of its own on a free port. */
export class Server {
  readonly dataDir = mkdtempSync(join(tmpdir(), 'alumia-e2e-'));
  url = '';
  private process?: ChildProcess;
  private log: string[] = [];

  static async start(environment: Record<string, string> = {}): Promise<Server> {
    const server = new Server();
    await server.run('127.0.0.1:0', environment);
    return server;
  }

  /** Starts again on the same port and data, as a service manager would. */
  async restart(environment: Record<string, string> = {}): Promise<void> {
    await this.run(`127.0.0.1:${new URL(this.url).port}`, environment);
  }

  get pid(): number {
    return this.process?.pid ?? -1;
  }

  /** Ends the process as `signal` does and waits until it is gone. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    const child = this.process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill(signal);
    await gone;
  }

  async stop(): Promise<void> {
    await this.kill('SIGKILL');
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  private run(listen: string, environment: Record<string, string>): Promise<void> {
    const binary = process.env.ALUMIA_BIN;
    if (!binary) throw new Error('ALUMIA_BIN names the server to test; `make test-browser` sets it');
    const child = spawn(binary, ['serve', '--dev', '--listen', listen, '--data-dir', this.dataDir], {
      cwd: join(import.meta.dirname, '../..'),
      env: {
        ...process.env,
        // Many accounts are made from one address here.
        ALUMIA_LIMITS__AUTH_PER_MINUTE: '6000',
        ALUMIA_LIMITS__READS_PER_MINUTE: '60000',
        ALUMIA_LIMITS__WRITES_PER_MINUTE: '60000',
        ALUMIA_LIMITS__SHARES_PER_MINUTE: '60000',
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.process = child;
    createInterface({ input: child.stderr! }).on('line', (line) => this.log.push(line));
    return new Promise((resolve, reject) => {
      const explain = () => reject(new Error(`the server ended before it listened:\n${this.log.join('\n')}`));
      child.once('exit', explain);
      createInterface({ input: child.stdout! }).on('line', (line) => {
        const listening = /^listening on (http:\S+)/.exec(line);
        if (!listening) return;
        child.off('exit', explain);
        // The cookie is made for the name localhost.
        this.url = listening[1].replace('127.0.0.1', 'localhost');
        resolve();
      });
    });
  }
}
