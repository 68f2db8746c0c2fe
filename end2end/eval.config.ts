import config from './playwright.config';

// With a real model, which takes minutes: `make eval` runs these, one after the other.
export default { ...config, testDir: 'eval', workers: 1, retries: 0, timeout: 900_000, projects: config.projects?.slice(0, 1) };
