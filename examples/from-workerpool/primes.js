/** How many primes there are from low to high - 1. */
export function countPrimes(low, high) {
  let count = 0;
  for (let n = low; n < high; n++) {
    let divisor = 2;
    while (divisor * divisor <= n && n % divisor) divisor++;
    if (n > 1 && divisor * divisor > n) count++;
  }
  return count;
}
