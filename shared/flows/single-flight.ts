export type SingleFlight<Result> = (key: string, fly: () => Promise<Result>) => Promise<Result>;

/** Gives callers who ask for the same key at the same time one flight to share. */
export function createSingleFlight<Result>(): SingleFlight<Result> {
  const flights = new Map<string, Promise<Result>>();
  return (key, fly) => {
    const airborne = flights.get(key);
    if (airborne !== undefined) return airborne;
    const flight = fly().finally(() => flights.delete(key));
    flights.set(key, flight);
    return flight;
  };
}
