import csv, json
from collections import defaultdict

with open("/project/mauna-loa-co2.csv", newline="") as file:
    rows = [(r["month"], float(r["co2_ppm"]), float(r["co2_adjusted_ppm"])) for r in csv.DictReader(file)]
print(f"read {len(rows)} months, {rows[0][0]} to {rows[-1][0]}", flush=True)

# Yearly means of the adjusted values, so that a missing month doesn't bend a year.
months = defaultdict(list)
for month, _, adjusted in rows:
    months[int(month[:4])].append(adjusted)
years = {year: sum(values) / len(values) for year, values in sorted(months.items()) if len(values) >= 9}
print(f"averaged {len(years)} years", flush=True)

# The straight line through the first twenty years, and where it would have led.
early = list(years.items())[:20]
mean_x = sum(x for x, _ in early) / len(early)
mean_y = sum(y for _, y in early) / len(early)
slope = sum((x - mean_x) * (y - mean_y) for x, y in early) / sum((x - mean_x) ** 2 for x, _ in early)
pace = {year: mean_y + slope * (year - mean_x) for year in years}

# Growth by decade: last full year against first, per year.
decades = []
for start in range(min(years) // 10 * 10, max(years) + 1, 10):
    inside = [year for year in years if start <= year < start + 10]
    if len(inside) >= 5:
        first, last = inside[0], inside[-1]
        decades.append({
            "decade": f"{start}s",
            "mean": round(sum(years[y] for y in inside) / len(inside), 1),
            "growth": round((years[last] - years[first]) / (last - first), 2),
            "years": len(inside),
        })
print(f"compared {len(decades)} decades", flush=True)

# The yearly breath: how far each calendar month lies above or below the trend.
swing = defaultdict(list)
for month, measured, adjusted in rows:
    swing[int(month[5:])].append(measured - adjusted)
season = {month: sum(values) / len(values) for month, values in swing.items()}

print(json.dumps({
    "rows": len(rows),
    "first_month": rows[0][0],
    "last_month": rows[-1][0],
    "years": list(years),
    "means": [round(value, 2) for value in years.values()],
    "pace": [round(value, 2) for value in pace.values()],
    "pace_years": [early[0][0], early[-1][0]],
    "decades": decades,
    "high_month": max(season, key=season.get),
    "low_month": min(season, key=season.get),
    "swing": round(max(season.values()) - min(season.values()), 1),
}))
