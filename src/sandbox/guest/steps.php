<?php
/**
 * What steps are made of, and how their outcome reaches the host.
 *
 * The outcome is written whatever a step does: returns, throws, calls exit(), or ends in a fatal
 * error. A step that is stopped from outside leaves none, and the host knows why.
 */

namespace WP_Codebox\Sandbox;

const STEP    = '/request/step';
const OUTCOME = '/request/outcome';
// Levels that a result may have: as many as the host takes.
const DEPTH    = 100;
const TOO_DEEP = 'it nests deeper than ' . DEPTH . ' levels';

/**
 * Collects the outcome of the step and writes it once, at shutdown.
 */
final class Outcome {

	/**
	 * The outcome: { status, value?, error? }.
	 *
	 * @var array<string, mixed>|null
	 */
	private static ?array $outcome = null;

	/**
	 * How the last error came about that ends the script without being thrown.
	 *
	 * @var string|null
	 */
	private static ?string $trace = null;

	/**
	 * Some memory in reserve, so that an exhausted step can still say so.
	 *
	 * @var string|null
	 */
	private static ?string $reserve = null;

	/**
	 * Sets memory aside. Done before an image is frozen, so that its forks share it.
	 */
	public static function reserve(): void {
		self::$reserve ??= str_repeat( ' ', 65536 );
	}

	/**
	 * What is asked at the end for what was noted of the step.
	 *
	 * @var \Closure|null
	 */
	private static ?\Closure $diagnose = null;

	/**
	 * Adds to the outcome what was noted of the step, however it ends.
	 *
	 * @param \Closure $diagnose Returns it.
	 */
	public static function diagnose( \Closure $diagnose ): void {
		self::$diagnose = $diagnose;
	}

	/**
	 * Starts with what a step leaves behind if nothing else is said.
	 */
	public static function begin(): void {
		self::reserve();
		// PHP's own errors have no trace. False: what PHP does about one stays as it is.
		set_error_handler(
			static function (): bool {
				self::$trace = ( new \Exception() )->getTraceAsString();
				return false;
			},
			E_USER_ERROR | E_RECOVERABLE_ERROR
		);
		register_shutdown_function(
			static function (): void {
				self::$reserve = null;
				self::write();
			}
		);
	}

	/**
	 * The step returned a value.
	 *
	 * @param mixed $value Anything that JSON can carry.
	 */
	public static function returned( mixed $value ): void {
		if ( self::is_too_deep( $value ) ) {
			self::no_result( TOO_DEEP );
			return;
		}
		self::$outcome = array(
			'status' => 'ok',
			'value'  => $value,
		);
	}

	/**
	 * The step failed in a way that it reported itself.
	 *
	 * @param string $status  `error`, `exception` or `ability-missing`.
	 * @param string $code    The error's own code or class.
	 * @param string $message What it says.
	 * @param mixed  $data    Further data.
	 */
	public static function failed( string $status, string $code, string $message, mixed $data = null ): void {
		self::$outcome = array(
			'status' => $status,
			'error'  => array(
				'code'    => $code,
				'message' => $message,
				'data'    => self::is_too_deep( $data ) ? array( 'omitted' => TOO_DEEP ) : $data,
			),
		);
	}

	/**
	 * The step threw.
	 *
	 * @param \Throwable $thrown What was thrown.
	 */
	public static function threw( \Throwable $thrown ): void {
		if ( $thrown instanceof Failed ) {
			self::failed( $thrown->status, $thrown->reason, $thrown->getMessage(), $thrown->data );
			return;
		}
		self::failed(
			'exception',
			get_class( $thrown ),
			$thrown->getMessage(),
			array(
				'file'  => $thrown->getFile(),
				'line'  => $thrown->getLine(),
				'trace' => $thrown->getTraceAsString(),
			)
		);
	}

	/**
	 * Writes the outcome. A step that left none called exit() or died.
	 */
	private static function write(): void {
		$fatal = error_get_last();
		if ( null === self::$outcome || ( null !== $fatal && self::is_fatal( $fatal['type'] ) ) ) {
			if ( null !== $fatal && self::is_fatal( $fatal['type'] ) ) {
				self::failed(
					'fatal',
					'php_fatal_error',
					$fatal['message'],
					array(
						'file'  => $fatal['file'],
						'line'  => $fatal['line'],
						'trace' => self::$trace,
					)
				);
			} else {
				self::failed( 'exited', 'exited', 'The step called exit() before it returned.' );
			}
		}
		// Without memory there is none for this either.
		$noted = null !== self::$diagnose && ! str_starts_with( $fatal['message'] ?? '', 'Allowed memory size' )
			? array( 'diagnostics' => ( self::$diagnose )() )
			: array();
		try {
			$outcome = self::json( $noted );
		} catch ( \Throwable $why ) {
			self::no_result( self::unencodable( $why ) );
			$outcome = self::json( $noted );
		}
		file_put_contents( OUTCOME, $outcome );
	}

	/**
	 * The outcome as JSON. What an error says of itself is told as far as it can be; a result is told
	 * as it is or not at all.
	 *
	 * @param array<string, mixed> $noted What was noted of the step, beside its outcome.
	 * @throws \Throwable If it cannot be told.
	 */
	private static function json( array $noted ): string {
		$flags = JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE;
		try {
			return json_encode( self::$outcome + $noted, $flags | JSON_THROW_ON_ERROR, 1 + DEPTH );
		} catch ( \Throwable $why ) {
			if ( ! isset( self::$outcome['error'] ) ) {
				throw $why;
			}
			$plain = static fn ( mixed $part ): bool => is_scalar( $part ) && ( ! is_float( $part ) || is_finite( $part ) );
			$data  = self::$outcome['error']['data'];
			$data  = is_array( $data ) ? array_filter( $data, $plain ) : array();

			self::$outcome['error']['data'] = array_merge( $data, array( 'omitted' => self::unencodable( $why ) ) );
			return json_encode( self::$outcome + $noted, $flags | JSON_PARTIAL_OUTPUT_ON_ERROR, 1 + DEPTH );
		}
	}

	/**
	 * The step returned what cannot be told.
	 *
	 * @param string $why Why it cannot.
	 */
	private static function no_result( string $why ): void {
		self::failed( 'error', 'result_not_json', sprintf( 'The result cannot be told as JSON: %s.', $why ) );
	}

	/**
	 * Why something is no JSON.
	 *
	 * @param \Throwable $why What encoding it threw.
	 */
	private static function unencodable( \Throwable $why ): string {
		if ( ! $why instanceof \JsonException ) {
			return get_class( $why ) . ': ' . $why->getMessage();
		}
		return match ( $why->getCode() ) {
			JSON_ERROR_DEPTH            => TOO_DEEP,
			JSON_ERROR_INF_OR_NAN       => 'a number in it is infinite or not a number',
			JSON_ERROR_RECURSION        => 'it contains itself',
			JSON_ERROR_UNSUPPORTED_TYPE => 'a resource or another thing in it that has no JSON',
			default                     => lcfirst( $why->getMessage() ),
		};
	}

	/**
	 * Whether lists and plain objects nest too deep. PHP's encoder finds that out when it has descended
	 * to the last of them, for which the stack may not do.
	 *
	 * @param mixed $value What is to be encoded.
	 */
	private static function is_too_deep( mixed $value ): bool {
		$level = array( array( $value ) );
		for ( $depth = 0; $depth <= DEPTH && array() !== $level; ++$depth ) {
			$below = array();
			foreach ( $level as $items ) {
				foreach ( (array) $items as $item ) {
					if ( is_array( $item ) || $item instanceof \stdClass ) {
						$below[] = $item;
					}
				}
			}
			$level = $below;
		}
		return array() !== $level;
	}

	/**
	 * Whether an error of this type ended the script.
	 *
	 * @param int $type One of PHP's E_* constants.
	 */
	private static function is_fatal( int $type ): bool {
		return 0 !== ( $type & ( E_ERROR | E_PARSE | E_CORE_ERROR | E_COMPILE_ERROR | E_USER_ERROR | E_RECOVERABLE_ERROR ) );
	}
}

/**
 * A step cannot do what it is asked to.
 */
final class Failed extends \Exception {

	/**
	 * What went wrong.
	 *
	 * @param string $reason  Code of it.
	 * @param string $message What it says.
	 * @param mixed  $data    Further data.
	 * @param string $status  `error`, `fatal` or `ability-missing`.
	 */
	public function __construct( public readonly string $reason, string $message, public readonly mixed $data = null, public readonly string $status = 'error' ) {
		parent::__construct( $message );
	}

	/**
	 * A WordPress error as one of ours.
	 *
	 * @param \WP_Error $error The error.
	 */
	public static function from( \WP_Error $error ): self {
		return new self( (string) $error->get_error_code(), $error->get_error_message(), $error->get_error_data() );
	}
}

/**
 * Runs a file of PHP in the global scope of a loaded WordPress. What it returns is the value.
 *
 * @param string $file Guest path.
 */
function run_file( string $file ): mixed {
	$value = require $file;
	// PHP gives 1 where a file returns nothing.
	return 1 === $value && ! ends_with_return( $file ) ? null : $value;
}

/**
 * Whether the last statement of a file returns.
 *
 * @param string $file Guest path.
 */
function ends_with_return( string $file ): bool {
	$depth   = 0;
	$begins  = true;
	$returns = false;
	foreach ( \PhpToken::tokenize( (string) file_get_contents( $file ) ) as $token ) {
		if ( $token->is( array( '{', '(', '[', T_CURLY_OPEN, T_DOLLAR_OPEN_CURLY_BRACES, T_ATTRIBUTE ) ) ) {
			++$depth;
			$begins = false;
		} elseif ( $token->is( array( '}', ')', ']' ) ) ) {
			--$depth;
			$begins = 0 === $depth && $token->is( '}' );
		} elseif ( 0 === $depth && $token->is( array( ';', T_CLOSE_TAG ) ) ) {
			$begins = true;
		} elseif ( $begins && ! $token->isIgnorable() ) {
			$returns = $token->is( T_RETURN );
			$begins  = false;
		}
	}
	return $returns;
}

/**
 * Executes an ability.
 *
 * @param array{name: string, input: mixed, user?: string, expected_schema?: string} $call What is called, and by whom.
 * @return mixed What it returned.
 * @throws Failed If it fails.
 */
function call_ability( array $call ): mixed {
	$name  = $call['name'];
	$input = $call['input'] ?? null;
	if ( isset( $call['user'] ) ) {
		\wp_set_current_user( user_id( $call['user'] ) );
	}
	$ability = \wp_has_ability( $name ) ? \wp_get_ability( $name ) : null;
	if ( null === $ability ) {
		$names = array_keys( \wp_get_abilities() );
		throw new Failed( 'ability_missing', sprintf( 'No ability "%s" is registered in the sandbox.', $name ), array( 'registered' => $names ), 'ability-missing' );
	}
	if ( array() === $input && array() === $ability->get_input_schema() ) {
		$input = null;
	}
	$result = $ability->execute( $input );
	if ( \is_wp_error( $result ) && 'ability_callback_exception' === $result->get_error_code() ) {
		// WordPress catches what an ability throws, and escapes its message for a page.
		throw new Failed( 'ability_callback_exception', html_entity_decode( $result->get_error_message(), ENT_QUOTES | ENT_HTML5 ), null, 'fatal' );
	}
	if ( \is_wp_error( $result ) ) {
		throw Failed::from( $result );
	}
	$expected = $call['expected_schema'] ?? null;
	$schema   = is_array( $result ) ? ( $result['schema'] ?? null ) : null;
	if ( null !== $expected && $expected !== $schema ) {
		throw new Failed( 'ability_result_schema_mismatch', sprintf( 'The result of the ability "%s" is not of the schema %s.', $name, $expected ), array( 'result' => $result ) );
	}
	return $result;
}

/**
 * A user of the sandbox.
 *
 * @param string $user Id, login or address; 0 for nobody.
 * @return int The user's id.
 * @throws Failed If there is no such user.
 */
function user_id( string $user ): int {
	if ( '0' === $user ) {
		return 0;
	}
	$found = ctype_digit( $user ) ? \get_user_by( 'id', (int) $user ) : false;
	$found = $found ?: \get_user_by( 'login', $user ) ?: \get_user_by( 'email', $user );
	if ( ! $found ) {
		throw new Failed( 'user_missing', sprintf( 'The sandbox has no user "%s".', $user ) );
	}
	return $found->ID;
}

/**
 * Makes the request that a fork found open this step's own: it began now, and no error of an earlier
 * script is its own.
 */
function begin_in_open_request(): void {
	$now                           = microtime( true );
	$_SERVER['REQUEST_TIME']       = (int) $now;
	$_SERVER['REQUEST_TIME_FLOAT'] = $now;
	$GLOBALS['timestart']          = $now;
	error_clear_last();
}

/**
 * Gives the process the variables that are the step's alone.
 *
 * @param array<string, string> $variables Values by name.
 */
function set_environment( array $variables ): void {
	foreach ( $variables as $name => $value ) {
		putenv( $name . '=' . $value );
		$_ENV[ $name ]    = $value;
		$_SERVER[ $name ] = $value;
	}
}

/**
 * Defines the streams that programs of the command line read: only PHP's own command line does so.
 */
function define_streams(): void {
	$streams = array(
		'STDIN'  => 'rb',
		'STDOUT' => 'wb',
		'STDERR' => 'wb',
	);
	foreach ( $streams as $name => $mode ) {
		defined( $name ) || define( $name, fopen( 'php://' . strtolower( $name ), $mode ) );
	}
}
