<?php
/**
 * A run of benchmarks.
 */

namespace WP_Codebox\Sandbox;

/**
 * Runs workloads over and over and hands the host what was measured. The host does the statistics.
 */
final class Bench {

	/**
	 * Where workloads may keep what they share.
	 */
	private const SHARED = '/tmp/wp-codebox-bench';

	/**
	 * Workloads, metrics of one, and bytes of its metadata.
	 */
	private const WORKLOADS_MAX = 100;
	private const METRICS_MAX   = 50;
	private const METADATA_MAX  = 65536;

	/**
	 * Resets of the object cache: { scenario, between, count }.
	 *
	 * @var list<array<string, mixed>>
	 */
	private array $resets = array();

	/**
	 * Phases of the lifecycle that had steps: { name, status, durationMs }.
	 *
	 * @var list<array<string, mixed>>
	 */
	private array $phases = array();

	/**
	 * A run.
	 *
	 * @param array<string, mixed> $call What is asked for.
	 */
	public function __construct( private readonly array $call ) {}

	/**
	 * Files to load in the global scope before the workloads, one after the other.
	 *
	 * @return \Generator<string>
	 * @throws Failed If something is missing.
	 */
	public function files_to_load(): \Generator {
		\is_dir( self::SHARED ) || \mkdir( self::SHARED );
		set_environment( array( 'WP_CODEBOX_BENCH_SHARED_STATE' => self::SHARED ) + ( $this->call['variables'] ?? array() ) );
		$slugs = array( ...( $this->call['dependencies'] ?? array() ), $this->call['plugin'] );
		yield from Tested_Plugin::load( array_map( static fn( string $slug ) => new Tested_Plugin( $slug ), $slugs ) );
		\wp_set_current_user( 1 );
		yield from $this->call['bootstrap_files'] ?? array();
	}

	/**
	 * Runs the workloads.
	 *
	 * @return array<string, mixed> What was measured.
	 * @throws Failed If there are no workloads, or the set-up fails.
	 */
	public function run(): array {
		$workloads = $this->workloads();
		$scenarios = array();
		$this->phase( 'setup' );
		foreach ( $workloads as $id => $workload ) {
			if ( $scenarios ) {
				$this->reset( $id, 'scenarios' );
			}
			$scenarios[] = $this->scenario( (string) $id, $workload );
		}
		$this->phase( 'teardown' );
		return array(
			'scenarios' => $scenarios,
			'phases'    => $this->phases,
			'resets'    => $this->resets,
		);
	}

	/**
	 * The workloads that were asked for: files of the plugin, then configured ones.
	 *
	 * @return array<string, array{source: string, file?: string, call: callable}>
	 * @throws Failed If there are none, or one is not there.
	 */
	private function workloads(): array {
		$workloads = array();
		$root      = '/wordpress/wp-content/plugins/' . $this->call['plugin'] . '/';
		foreach ( glob( $root . 'tests/bench/*.php' ) ?: array() as $file ) {
			$workloads[ basename( $file, '.php' ) ] = array(
				'source' => 'in_tree',
				'file'   => substr( $file, strlen( $root ) ),
				'call'   => static fn() => require $file,
			);
		}
		foreach ( $this->call['workloads'] ?? array() as $workload ) {
			$workloads[ $workload['id'] ] = array(
				'source' => 'config',
				'call'   => static fn() => self::steps( $workload['run'] ),
			);
		}
		$wanted = $this->call['scenarios'] ?? array();
		foreach ( $wanted as $id ) {
			if ( ! isset( $workloads[ $id ] ) ) {
				throw new Failed( 'bench_unknown_scenario', sprintf( 'There is no workload "%s".', $id ), array( 'workloads' => array_map( 'strval', array_keys( $workloads ) ) ) );
			}
		}
		$workloads = $wanted ? array_intersect_key( $workloads, array_flip( $wanted ) ) : $workloads;
		if ( ! $workloads ) {
			throw new Failed( 'bench_no_workloads', sprintf( 'The plugin has no file tests/bench/*.php, and workloads-json has none: %s.', $root ) );
		}
		if ( count( $workloads ) > self::WORKLOADS_MAX ) {
			throw new Failed( 'bench_too_many_workloads', sprintf( 'At most %d workloads; scenario-ids-json chooses some.', self::WORKLOADS_MAX ) );
		}
		return $workloads;
	}

	/**
	 * Steps as a function.
	 *
	 * @param list<array<string, mixed>> $steps Steps.
	 */
	private static function steps( array $steps ): callable {
		$calls = array_map( array( self::class, 'step' ), $steps );
		return static function ( array $context ) use ( $calls ): mixed {
			$last = null;
			foreach ( $calls as $call ) {
				$last = $call( $context );
			}
			return $last;
		};
	}

	/**
	 * A step as a function. What it needs is compiled now, so that it is not measured.
	 *
	 * @param array<string, mixed> $step Step.
	 */
	private static function step( array $step ): callable {
		switch ( $step['kind'] ) {
			case 'php':
				// The body of a function.
				return eval( 'return static function ( array $context ) { ' . preg_replace( '/^\s*<\?php\s/', '', $step['code'] ) . "\n};" );
			case 'rest-request':
				$request = require __DIR__ . '/commands/rest-request.php';
				return static function () use ( $request, $step ): void {
					$request( $step['call'] );
				};
			default:
				return static function () use ( $step ): void {
					call_ability( $step['call'] );
				};
		}
	}

	/**
	 * Warms a workload up and measures it.
	 *
	 * @param string                                               $id       Its name.
	 * @param array{source: string, file?: string, call: callable} $workload Workload.
	 * @return array<string, mixed>
	 */
	private function scenario( string $id, array $workload ): array {
		$samples   = array();
		$scenario  = array( 'id' => $id ) + array_diff_key( $workload, array( 'call' => true ) );
		$iteration = 0;
		try {
			$call = $workload['call']();
			if ( ! is_callable( $call ) ) {
				throw new Failed( 'bench_no_function', 'The file returns no function.' );
			}
			$this->phase( 'prepare' );
			for ( ; $iteration < $this->call['warmup']; ++$iteration ) {
				$call( array( 'iteration' => $iteration, 'warmup' => true ) );
				$this->reset( $id, 'iterations' );
			}
			memory_reset_peak_usage();
			for ( $iteration = 0; $iteration < $this->call['iterations']; ++$iteration ) {
				if ( $iteration > 0 ) {
					$this->reset( $id, 'iterations' );
				}
				$context = array( 'iteration' => $iteration, 'warmup' => false );
				$begun   = hrtime( true );
				$result  = $call( $context );
				$elapsed = hrtime( true ) - $begun;
				$metrics = self::metrics( $result, $scenario );
				foreach ( array( 'duration' => $elapsed / 1e6 ) + $metrics as $name => $value ) {
					if ( isset( $samples[ $name ] ) || count( $samples ) < self::METRICS_MAX ) {
						$samples[ $name ][] = $value;
					}
				}
			}
		} catch ( \Throwable $thrown ) {
			$scenario['error'] = array(
				'code'      => $thrown instanceof Failed ? $thrown->reason : get_class( $thrown ),
				'message'   => $thrown->getMessage(),
				'file'      => $thrown->getFile(),
				'line'      => $thrown->getLine(),
				'iteration' => $iteration,
			);
		}
		return $scenario + array(
			'samples'   => (object) $samples,
			'peakBytes' => memory_get_peak_usage(),
		);
	}

	/**
	 * The numbers in what a workload returned: { name: number }, or { metrics: { name: number }, metadata }.
	 *
	 * @param mixed                $result   What it returned.
	 * @param array<string, mixed> $scenario Gets the metadata.
	 * @return array<string, float>
	 */
	private static function metrics( mixed $result, array &$scenario ): array {
		if ( ! is_array( $result ) ) {
			return array();
		}
		if ( isset( $result['metrics'] ) && is_array( $result['metrics'] ) ) {
			$metadata = $result['metadata'] ?? null;
			if ( is_array( $metadata ) && strlen( (string) json_encode( $metadata ) ) <= self::METADATA_MAX ) {
				$scenario['metadata'] = (object) $metadata;
			}
			$result = $result['metrics'];
		}
		$numbers = array();
		foreach ( $result as $name => $value ) {
			if ( ( is_int( $value ) || is_float( $value ) ) && is_finite( $value ) && preg_match( '/^[A-Za-z_][A-Za-z0-9_.-]{0,99}$/', (string) $name ) ) {
				$numbers[ $name ] = (float) $value;
			}
		}
		return $numbers;
	}

	/**
	 * Empties the object cache, if that is asked for.
	 *
	 * @param string $id      The workload that comes next.
	 * @param string $between `iterations` or `scenarios`.
	 */
	private function reset( string $id, string $between ): void {
		if ( 'object-cache' !== ( $this->call['reset'][ $between ] ?? 'none' ) ) {
			return;
		}
		\wp_cache_flush();
		$last = array_key_last( $this->resets );
		if ( null !== $last && array( $id, $between ) === array( $this->resets[ $last ]['scenario'], $this->resets[ $last ]['between'] ) ) {
			++$this->resets[ $last ]['count'];
			return;
		}
		$this->resets[] = array(
			'scenario' => $id,
			'between'  => $between,
			'count'    => 1,
		);
	}

	/**
	 * Carries out the steps of a phase, if it has some.
	 *
	 * @param string $name Phase.
	 */
	private function phase( string $name ): void {
		$steps = $this->call['lifecycle'][ $name ] ?? array();
		if ( ! $steps ) {
			return;
		}
		$begun = hrtime( true );
		self::steps( $steps )( array() );
		$this->phases[] = array(
			'name'       => $name,
			'durationMs' => ( hrtime( true ) - $begun ) / 1e6,
		);
	}
}
